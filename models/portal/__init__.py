from . import threshold, rating, sale_order, sale_order_alerts

from . import plan, threshold, rating, sale_order, sale_order_alerts, sale_order_changes

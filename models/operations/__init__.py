from . import run, rating, sale_order, delivery, readiness, traffic, metrics

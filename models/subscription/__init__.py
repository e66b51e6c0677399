from . import (
    sale_order,
    sale_order_guard,
    sale_order_actions,
)

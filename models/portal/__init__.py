from . import (
    plan,
    threshold,
    rating,
    sale_order,
    sale_order_alerts,
    sale_order_changes,
    sale_order_payment,
    payment_token,
    payment_transaction,
)

from . import (
    phase,
    item,
    timeline_wording,
    plan,
    plan_fee,
    res_company,
    sale_order,
    sale_order_line,
    sale_order_timeline,
    sale_order_items,
    sale_order_guard,
    sale_order_actions,
)

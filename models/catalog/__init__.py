from . import (
    plan,
    plan_fee,
    metric,
    price_mixin,
    charge_version,
    charge,
    charge_tier,
    charge_filter,
    charge_version_wording,
    charge_wording,
    price_table,
    product_template,
)

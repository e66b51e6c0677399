from . import (
    test_bad_prices,
    test_charge_filters,
    test_plan_form,
    test_price_versions,
    test_wording,
)

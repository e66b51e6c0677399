from . import (
    test_api_bad_input,
    test_api_catalog,
    test_api_change_plan,
    test_api_customers,
    test_api_estimate,
    test_api_failures,
    test_api_keys,
    test_api_lists,
    test_api_period_usage,
    test_api_subscriptions,
    test_api_usage,
    test_api_usage_ownership,
)

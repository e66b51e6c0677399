from . import (
    service,
    api_key,
    account_link,
    res_partner,
    sale_order,
    service_catalog,
    service_customers,
    service_estimate,
    service_period_usage,
    service_subscriptions,
    service_usage,
    ir_http,
)

from . import (
    secret,
    delivery,
    attempt,
    sending,
    service_endpoint,
    service_deliveries,
    account_link,
    account_move,
    sale_order,
    rating,
    res_config_settings,
)

from . import (
    secret,
    delivery,
    attempt,
    sending,
    service,
    deliveries,
    endpoint,
    account_link,
    account_move,
    sale_order,
    rating,
    res_config_settings,
)

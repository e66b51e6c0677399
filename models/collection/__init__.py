from . import (
    attempt,
    payment_transaction,
    payment_token,
    unanswered,
    plan,
    res_company,
    res_config_settings,
    res_partner,
    sale_order,
    account_move,
    run,
    decision,
)

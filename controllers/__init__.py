from . import (
    api,
    dispatcher,
    documents,
    keys,
    overdue,
    payment,
    portal,
    reconciliation,
    sandbox,
    webhooks,
)

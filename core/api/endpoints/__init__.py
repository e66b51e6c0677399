"""All endpoints of the API, in the order in which the guide tells of them."""

from . import (
    catalog,
    customers,
    documents,
    items,
    keys,
    reconciliation,
    sandbox,
    server,
    subscriptions,
    usage,
    webhooks,
)

#: The groups, each with a title and a sentence.
GROUPS = (
    server,
    keys,
    customers,
    subscriptions,
    items,
    usage,
    documents,
    catalog,
    reconciliation,
    webhooks,
    sandbox,
)
ALL = tuple(endpoint for group in GROUPS for endpoint in group.ENDPOINTS)

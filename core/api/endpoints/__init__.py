"""All endpoints of the API, in the order in which the guide tells of them."""

from . import catalog, customers, items, reconciliation, server, subscriptions, usage, webhooks

#: The groups, each with a title and a sentence.
GROUPS = (server, customers, subscriptions, items, usage, catalog, reconciliation, webhooks)
ALL = tuple(endpoint for group in GROUPS for endpoint in group.ENDPOINTS)

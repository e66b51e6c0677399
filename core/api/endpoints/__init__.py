"""All endpoints of the API, in the order in which the guide tells of them."""

from . import catalog, customers, reconciliation, server, subscriptions, usage, webhooks

#: The groups, each with a title and a sentence.
GROUPS = (server, customers, subscriptions, usage, catalog, reconciliation, webhooks)
ALL = tuple(endpoint for group in GROUPS for endpoint in group.ENDPOINTS)

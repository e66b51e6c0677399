from . import api, dispatcher, documents, keys, overdue, portal, reconciliation, sandbox, webhooks

from . import api, dispatcher, documents, keys, portal, reconciliation, sandbox, webhooks

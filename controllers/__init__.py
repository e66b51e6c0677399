from . import api, dispatcher, portal, reconciliation, webhooks

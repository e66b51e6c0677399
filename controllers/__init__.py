from . import api, dispatcher, portal, webhooks

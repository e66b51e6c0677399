from . import api, dispatcher, webhooks

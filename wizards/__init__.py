from . import api_key_show, api_key_wizard, close_wizard

from . import test_api_ready

from . import test_api_metrics, test_api_ready, test_credentials, test_runs

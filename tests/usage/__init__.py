from . import test_ingest_growth, test_metrics, test_rules_usage

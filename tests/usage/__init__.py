from . import test_correction_log, test_grouping, test_ingest_growth, test_metrics, test_rules_usage

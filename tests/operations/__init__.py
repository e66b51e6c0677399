from . import (
    test_api_metrics,
    test_api_ready,
    test_at_a_glance,
    test_credentials,
    test_dashboard,
    test_dashboard_collection,
    test_digest,
    test_reconciliation,
    test_revenue_movements,
    test_runs,
    test_runs_of_collection,
)

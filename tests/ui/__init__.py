from . import (
    test_api_docs,
    test_bulk_changes,
    test_change_wizards,
    test_estimate_wizard,
    test_lists,
    test_simulation,
    test_staff_actions,
    test_store_page,
    test_tours,
    test_views,
)

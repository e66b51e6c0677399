from . import (
    test_change_wizards,
    test_estimate_wizard,
    test_simulation,
    test_staff_actions,
    test_tours,
    test_views,
)

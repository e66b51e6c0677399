from . import (
    test_estimate_wizard,
    test_staff_actions,
    test_tours,
    test_views,
)

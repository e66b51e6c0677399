from . import (
    test_timeline_changes,
    test_busy,
    test_failures,
    test_lifecycle,
    test_mid_life,
    test_pauses,
    test_plan_change,
    test_subscription,
)

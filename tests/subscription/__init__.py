from . import (
    test_busy,
    test_end_and_push,
    test_failures,
    test_lifecycle,
    test_mid_life,
    test_offer,
    test_pauses,
    test_plan_change,
    test_subscription,
    test_timeline_changes,
    test_transitions,
)

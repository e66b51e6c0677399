from . import (
    test_conservation,
    test_differential,
    test_held_drafts,
    test_invoicing,
    test_late_usage,
)

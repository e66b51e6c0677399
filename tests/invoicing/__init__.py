from . import (
    test_conservation,
    test_core_ways_in,
    test_credit_notes,
    test_differential,
    test_documents,
    test_held_drafts,
    test_invoicing,
    test_late_usage,
    test_one_offs,
    test_settlement,
    test_shared_documents,
    test_waivers,
)

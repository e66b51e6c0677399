from . import (
    test_collection_attempts,
    test_collection_decisions,
    test_collection_declines,
    test_collection_expiry,
    test_collection_expiry_notices,
    test_collection_methods,
    test_collection_planning,
    test_collection_removal,
    test_refund_walls,
    test_refunds,
)

from . import (
    test_collection_attempts,
    test_collection_decisions,
    test_collection_methods,
    test_collection_planning,
)

from . import (
    test_subscription,
    test_rating,
)

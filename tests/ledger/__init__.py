from . import (
    test_currency,
    test_in_force,
    test_proration,
    test_rating,
    test_rating_growth,
    test_retention,
    test_rules_money,
    test_rules_rating,
    test_simulated_histories,
)

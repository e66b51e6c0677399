from . import (
    test_access,
    test_alarms,
    test_bounds,
    test_constraints,
    test_copies,
    test_french,
    test_markup,
    test_translations,
)

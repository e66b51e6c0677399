from . import (
    test_portal_alerts,
    test_portal_changes,
    test_portal_pages,
    test_portal_payment,
    test_portal_payment_tour,
    test_portal_payment_walls,
    test_portal_tour,
    test_portal_twice,
    test_portal_walls,
)

from . import (
    test_walls_catalog,
    test_walls_catalogue_screen,
    test_walls_companies,
    test_walls_credit_notes,
    test_walls_fees,
    test_walls_hidden_fields,
    test_walls_methods,
    test_walls_money,
    test_walls_orders,
    test_walls_rights,
    test_walls_roles,
    test_walls_time,
)

from . import test_access, test_constraints, test_french, test_translations

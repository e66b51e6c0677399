from . import (
    test_dunning_cases,
    test_dunning_contacts,
    test_dunning_meetings,
    test_dunning_portal,
    test_dunning_steps,
    test_dunning_walk,
)

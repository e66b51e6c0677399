from . import test_dunning_cases, test_dunning_steps

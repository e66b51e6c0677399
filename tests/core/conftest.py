"""For pytest, which only `./dev mutants` runs the tests of this folder with.

Whether a test fails is all it asks, thousands of times: so the same examples are drawn each time,
few of them, none is shrunk, and the tests that need none come first, those that wait last.
"""

import os

from hypothesis import Phase, is_hypothesis_test, settings

os.environ["FUSION_TEST_EXAMPLES"] = "25"
settings.register_profile(
    "mutants",
    deadline=None,
    database=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
)
settings.load_profile("mutants")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: (item.cls.__name__ == "TestTime", is_hypothesis_test(item.obj)))

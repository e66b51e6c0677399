"""Each step of dunning is taken once, though the run is killed thirty times."""

from e2e import test_dunning


class TestLongDunning(test_dunning.TestKilled):
    rounds, customers = 30, 150

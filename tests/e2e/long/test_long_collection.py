"""Saved cards are charged exactly once, though the run is killed two hundred times."""

from e2e import test_collection


class TestLongCollection(test_collection.TestKilled):
    cards = ("good",) * 300
    rounds = 200

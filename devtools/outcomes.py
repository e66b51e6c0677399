"""Counting what tests did, honestly: whatever did not demonstrably pass or skip has failed."""

import json
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

RANK = {"started": 0, "passed": 1, "skipped": 2, "failed": 3}


@dataclass
class Tally:
    """The outcome of every test and check so far, by name."""

    outcomes: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, outcome: str) -> None:
        """Note an outcome; of several for one name the worst counts."""
        known = self.outcomes.get(name, "started")
        self.outcomes[name] = max(known, outcome, key=RANK.__getitem__)

    def check(self, name: str, good: bool) -> None:
        """Count a check that is no test of a test runner."""
        self.add(name, "passed" if good else "failed")

    def save(self, path: Path) -> None:
        """Write all outcomes to a file, a JSON object by name."""
        path.write_text(json.dumps(self.outcomes, indent=1))

    def count(self, outcome: str) -> int:
        return list(self.outcomes.values()).count(outcome)

    @property
    def failures(self) -> list[str]:
        return [name for name, outcome in self.outcomes.items() if outcome == "failed"]

    def __str__(self) -> str:
        return ", ".join(
            f"{self.count(outcome)} {outcome}" for outcome in ("passed", "failed", "skipped")
        )


def read_lines(path: Path) -> list[dict]:
    """The lines of a record of `runners.recorder`."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def slowest(path: Path, most: int = 8) -> list[tuple[int, str]]:
    """The classes of tests that took longest, with what was set up after them: seconds, name."""
    times = Counter()
    lines = [line for line in read_lines(path) if line.get("outcome") == "started"]
    for line, following in pairwise(lines):
        times[line["test"].split(".")[-2]] += following["at"] - line["at"]
    return [(round(seconds), name) for name, seconds in times.most_common(most)]


def read_record(path: Path, part: str, tally: Tally) -> None:
    """Count a record of `runners.recorder`: what started and never ended has failed, so has a run
    that never came to its end or ran nothing, unless another process took what there is."""
    lines = read_lines(path)
    tests = Tally()
    for line in lines:
        if "test" in line:
            tests.add(line["test"], line["outcome"])
    for name, outcome in tests.outcomes.items():
        tally.add(f"{part}: {name}", "failed" if outcome == "started" else outcome)
    if not any(line.get("finished") for line in lines):
        tally.check(f"{part}: the run came to its end", False)
    elif not tests.outcomes and not any(line.get("elsewhere") for line in lines):
        tally.check(f"{part}: there are tests", False)

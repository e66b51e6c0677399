"""All parts of `./dev test`: each in a process of its own, as many at once as fit."""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from devtools.console import end_group, say, spawn
from devtools.outcomes import Tally
from devtools.paths import ROOT

MOST = 3  # parts at once, however many cores there are; each waits now and then
NEWS = 60  # seconds
PATIENCE = 60  # seconds for a part to end its own processes and drop its databases


class Part:
    """A part that runs; what it says goes to a file until it is shown whole.

    :param command: takes `--outcomes=FILE`, see `./dev test --help`
    """

    def __init__(self, name: str, command: list, folder: Path):
        self.name, self._began = name, time.monotonic()
        self._output, self._outcomes = folder / f"{name}.txt", folder / f"{name}.json"
        with self._output.open("wb") as out:
            self.process = spawn(
                [*command, f"--outcomes={self._outcomes}"],
                stdout=out,
                stdin=subprocess.DEVNULL,
                cwd=ROOT,
            )
        say(f"· {name} begins")

    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def report(self, tally: Tally) -> None:
        """Show what it said and count what it did; one that left no outcomes has failed."""
        say(self._output.read_text(errors="replace").rstrip())
        if self._outcomes.exists():
            for name, outcome in json.loads(self._outcomes.read_text()).items():
                tally.add(name, outcome)
        else:
            tally.check(f"{self.name}: the part came to its end", False)

    def __str__(self) -> str:
        return f"{self.name} ({time.monotonic() - self._began:.0f} s)"


def run(commands: dict[str, list], tally: Tally, places: int | None = None) -> None:
    """Run parts in this order; say at the end of each what it did, and now and then which run.

    :param commands: by name of the part
    :param places: how many run at once; None is one more than there are cores, if these are few
    """
    places = places or min(MOST, len(os.sched_getaffinity(0)) + 1)
    waiting, running, told = list(commands.items()), [], time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        try:
            while waiting or running:
                while waiting and len(running) < places:
                    running.append(Part(*waiting.pop(0), Path(folder)))
                for part in [part for part in running if part.has_ended()]:
                    running.remove(part)
                    part.report(tally)
                if time.monotonic() - told > NEWS:
                    told = time.monotonic()
                    say(f"· running: {', '.join(map(str, running))}")
                time.sleep(0.1)
        finally:
            end_all(running)


def end_all(parts: Sequence[Part]) -> None:
    """Ask all to end at the same time, then see to it that they do."""
    for part in parts:
        part.process.terminate()
    for part in parts:
        end_group(part.process, PATIENCE)

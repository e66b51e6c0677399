"""Tests that several processes share out among them; imports nothing of ours.

Whoever is free takes the next class that nobody has taken. So all of them end at about the same
time, whatever the classes take, and nobody has to say beforehand which process runs which.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

FOLDER = "FUSION_TEST_SHARES"  # environment variable: where the processes note what they take


def untaken(tests: Iterable, folder: str) -> Iterator:
    """The tests of those classes that this process is the first to take, as it comes to them.

    :param tests: class by class
    :param folder: the same for all processes, empty when the first of them starts
    """
    ours = {}
    for test in tests:
        name = f"{type(test).__module__}.{type(test).__qualname__}"
        if name not in ours:
            ours[name] = take(Path(folder, name))
        if ours[name]:
            yield test


def take(note: Path) -> bool:
    """Whether nobody has taken this before; of several at once only one hears yes."""
    try:
        note.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True

"""Tests that several processes share out among them; imports nothing of ours.

Whoever is free takes what nobody has taken: the next class, or the next module where its classes
share a server. So all of them end at about the same time, whatever the tests take, and nobody has
to say beforehand which process runs which.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

FOLDER = "FUSION_TEST_SHARES"  # environment variable: where the processes note what they take


def class_of(test) -> str:
    return f"{type(test).__module__}.{type(test).__qualname__}"


def module_of(test) -> str:
    return type(test).__module__


def untaken(
    tests: Iterable, folder: str, share_of: Callable = class_of, leave: Callable = lambda: None
) -> Iterator:
    """The tests of those shares that this process is the first to take, as it comes to them.

    :param tests: share by share
    :param folder: the same for all processes, empty when the first of them starts
    :param share_of: what a test is taken with
    :param leave: called once if another process took something
    """
    ours = {}
    for test in tests:
        name = share_of(test)
        if name not in ours:
            ours[name] = take(Path(folder, name))
            if not ours[name] and list(ours.values()).count(False) == 1:
                leave()
        if ours[name]:
            yield test


def take(note: Path) -> bool:
    """Whether nobody has taken this before; of several at once only one hears yes."""
    try:
        note.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True

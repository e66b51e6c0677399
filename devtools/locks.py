"""Locks between processes, so that two `./dev` at once wait for each other.

`flock` is held by an open file: it disappears with the process, however that ends, so nothing is
ever left locked.
"""

import contextlib
import fcntl
from pathlib import Path

from devtools.console import say


@contextlib.contextmanager
def exclusive(path: Path, what: str = ""):
    """Hold the lock alone; says so when it has to wait for another process."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        if not attempt(handle, fcntl.LOCK_EX):
            if what:
                say(f"· waiting for another ./dev ({what})")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def attempt(handle, kind: int) -> bool:
    """Take the lock on an open file if nobody stands in the way."""
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

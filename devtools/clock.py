"""A clock that several processes read and a test moves: real time, and so much more."""

import mmap
import struct
from datetime import datetime, timedelta
from pathlib import Path

#: The variable that names the file, see `devtools.runners.run_moved`.
VARIABLE = "FUSION_CLOCK"
_SECONDS = struct.Struct("d")


class SharedClock:
    """:param path: the file that processes share; made if there is none"""

    def __init__(self, path: Path):
        self.path = path
        if not path.exists():
            path.write_bytes(_SECONDS.pack(0))
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _SECONDS.size)

    def now(self) -> datetime:
        """This moment, naive in UTC."""
        return datetime.utcnow() + timedelta(seconds=self._ahead())  # noqa: DTZ003 naive in UTC

    def move(self, **delta) -> None:
        """Let time pass at once; the arguments of a `timedelta`."""
        self._memory[:] = _SECONDS.pack(self._ahead() + timedelta(**delta).total_seconds())

    def set(self, now: datetime) -> None:
        self.move(seconds=(now - self.now()).total_seconds())

    def _ahead(self) -> float:
        return _SECONDS.unpack(self._memory[:])[0]

"""A PostgreSQL server that may be killed, beside the one that the tests share."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from devtools import postgres
from devtools.console import DevError

# A process that is killed loses nothing that it has given to the kernel: only a machine does.
SETTINGS = postgres.SETTINGS + "fsync = off\n"
PATIENCE = 60  # seconds until the last process of a killed server has noticed


class Cluster:
    """A server for the block, to which this process's environment points meanwhile."""

    def __enter__(self):
        self.home = postgres.make_home(Path("/var/tmp"))
        with contextlib.ExitStack() as stack:
            stack.callback(shutil.rmtree, self.home, ignore_errors=True)
            postgres.create(self.home / "data", SETTINGS)
            postgres.start(self.home)
            stack.callback(self.kill)
            self._point_environment(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exc):
        return self._stack.__exit__(*exc)

    def _point_environment(self, stack) -> None:
        self.shared = os.environ["PGHOST"]
        stack.callback(os.environ.update, PGHOST=self.shared)
        os.environ["PGHOST"] = str(self.home)

    def take(self, database: str) -> None:
        """Copy a database of the shared server into this one."""
        programs = postgres.programs()
        subprocess.run([programs / "createdb", database], check=True)
        source = [programs / "pg_dump", "--no-owner", "-h", self.shared, database]
        target = [programs / "psql", "-q", "-v", "ON_ERROR_STOP=1", "-o", os.devnull, database]
        with subprocess.Popen(source, stdout=subprocess.PIPE) as dump:
            subprocess.run(target, stdin=dump.stdout, check=True)
        if dump.returncode:
            raise DevError(f"pg_dump ended with status {dump.returncode}")

    @property
    def pid(self) -> int:
        """The postmaster."""
        return int((self.home / "data" / "postmaster.pid").read_text().split("\n")[0])

    def kill(self) -> None:
        """SIGKILL the postmaster; its processes end by themselves when they notice."""
        with contextlib.suppress(ProcessLookupError, FileNotFoundError):
            os.kill(self.pid, signal.SIGKILL)

    def start(self) -> None:
        """Start the server again as soon as the last process of the killed one is gone."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return postgres.start(self.home)
            except DevError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

"""Functions that run inside Odoo: `call("db", "catalog.create", name="x")`.

The modules of this package are imported by Odoo's shell. Their public functions take its `env`
first, then arguments that JSON can carry, and return what JSON can carry.
"""

import atexit
import contextlib
import json
import os
import socket
import subprocess
import threading

from devtools import odoo
from devtools.console import DevError, end_group, spawn
from devtools.paths import DEV, LOGS, ROOT

IMPORT = (
    f"import sys; sys.path.append({str(ROOT)!r}); import devtools; from e2e.in_odoo import calls\n"
)

_lock = threading.Lock()
_shell = None


def call(database: str, function: str, **arguments):
    """Run a function of this package in Odoo, commit, and return its result.

    One Odoo process takes the calls for all databases, because it is the start of Odoo that takes
    seconds. The first call starts it; it ends with the thread that did, or at `stop`.

    :raise DevError: it raised; with the end of the traceback
    """
    global _shell
    with _lock:
        if _shell is None or _shell.process.poll() is not None:
            _end()
            _shell = Shell()
        try:
            answer = _shell.ask(database, function, arguments)
        except BaseException:
            _end()  # its answer may still come, and would be taken for the next one's
            raise
    if "error" in answer:
        raise DevError(f"{function} failed in Odoo\n{answer['error']}")
    return answer["result"]


@atexit.register
def stop() -> None:
    """End the process that takes calls; the next call starts another one."""
    with _lock:
        _end()


def _end() -> None:
    global _shell
    if _shell is not None:
        _shell.close()
        _shell = None


class Shell:
    """An Odoo shell that takes calls until its socket closes, see `in_odoo.calls`."""

    def __init__(self):
        LOGS.mkdir(parents=True, exist_ok=True)
        self.log = LOGS / f"in-odoo-{os.getpid()}.log"
        ours, theirs = socket.socketpair()
        with ours, theirs, self.log.open("ab") as out:
            self.process = spawn(
                odoo.command("shell", None, *odoo.QUIET),
                env=odoo.environment(),
                cwd=DEV,
                stdin=subprocess.PIPE,
                stdout=out,
                pass_fds=[theirs.fileno()],
            )
            self._stream = ours.makefile("rw")
            with self.process.stdin as source:
                source.write(f"{IMPORT}calls.serve({theirs.fileno()})\n".encode())

    def ask(self, database: str, function: str, arguments: dict) -> dict:
        """Have a function run; returns its `result` or its `error`."""
        with contextlib.suppress(ConnectionError):
            self._stream.write(json.dumps([database, function, arguments]) + "\n")
            self._stream.flush()
            if answer := self._stream.readline():
                return json.loads(answer)
        raise DevError(f"Odoo ended in {function}; see {self.log}")

    def close(self) -> None:
        with contextlib.suppress(ConnectionError):
            self._stream.close()
        end_group(self.process)


@contextlib.contextmanager
def started(database: str, function: str, **arguments):
    """Run a function in a process of its own during the block, to be read with `finish`."""
    process = subprocess.Popen(
        odoo.command("shell", None, *odoo.QUIET),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **odoo.environment()},
        cwd=DEV,
        start_new_session=True,
    )
    try:
        process.stdin.write(f"{IMPORT}calls.print_result({(database, function, arguments)!r})\n")
        process.stdin.close()
        process.stdin = None  # communicate() would flush it
        yield process
    finally:
        end_group(process, patience=1)  # a thread of it may hang
        process.stdout.close()
        process.stderr.close()


def finish(process: subprocess.Popen, seconds: float = 120):
    """Wait for a started function and return its result.

    :raise DevError: it raised; with the end of the traceback
    """
    output, errors = process.communicate(timeout=seconds)
    if process.returncode:
        raise DevError(f"it ended with status {process.returncode}\n{errors[-2000:]}")
    return json.loads(output.splitlines()[-1])

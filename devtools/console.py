"""Words for the person at the terminal, and the running of other programs."""

import contextlib
import errno
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from devtools.paths import LOGS, ROOT

NO_ROOM = "the disk is full: make room, then run the same command again"
#: What a failing program says when the reason is not ours, and what to do about it.
CAUSES = {
    "No space left on device|Disk quota exceeded": NO_ROOM,
    "Failed to fetch|Failed to download|failure resolving|Could not connect|Max retries exceeded"
    "|onnection broken|[Ee]rror sending request": "a download broke off: check the network, then"
    " run the same command again, which goes on from there",
    "No matching distribution found|No solution found": "the registry of Python packages has no"
    " such version, or cannot be reached: look at `pip config list`, then run the same command"
    " again",
}
LEAST = 100_000  # bytes: with less room than that not even a log can be written
FULL = (errno.ENOSPC, errno.EDQUOT)
FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


class DevError(Exception):
    """A failure told in one sentence that says what to do; `./dev` prints it and exits with 1."""


def say(text: str) -> None:
    """Print to standard error at once, so that standard output stays the command's result."""
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def step(what: str):
    """Show what takes a while, and how long it took once it is done."""
    start = time.monotonic()
    print(f"· {what} …", end="", file=sys.stderr, flush=True)
    try:
        yield
    except BaseException:
        say(f" failed after {time.monotonic() - start:.0f} s")
        raise
    say(f" {time.monotonic() - start:.1f} s")


def run(
    args: list, *, log: str, env: dict | None = None, cwd=None, user: str | None = None
) -> None:
    """Run a program to its end with its output in `.dev/logs/<log>.log`; DevError shows the tail.

    :param log: name of the log file, overwritten each time
    :param env: variables added to this process's own
    :param user: run as this user (only root can)
    """
    LOGS.mkdir(parents=True, exist_ok=True)
    path = LOGS / f"{log}.log"
    with path.open("wb") as out:
        process = spawn(
            args, stdout=out, stdin=subprocess.DEVNULL, env=env, cwd=cwd, **as_user(user)
        )
        code = wait(process)
    if code:
        raise DevError(failure(os.path.basename(args[0]), code, path))


def failure(program: str, code: int, log: Path) -> str:
    """Say why a program failed: in one sentence if that is known, else by the end of its log."""
    text = log.read_text(errors="replace")
    if shutil.disk_usage(log.parent).free < LEAST:
        text = "No space left on device"
    for pattern, sentence in CAUSES.items():
        if re.search(pattern, text):
            return f"{sentence} (`{program}` ended with status {code}; see {log})"
    tail = "\n".join(text.splitlines()[-15:])
    return f"`{program}` ended with status {code}; see {log}\n{tail}"


def refusal(error: OSError) -> str | None:
    """What the system refused, in a sentence, if a person can change it."""
    if error.errno in FULL:
        return NO_ROOM
    if error.errno in FORBIDDEN and str(error.filename).startswith(str(ROOT)):
        return f"{error.filename} must be yours to write: use a checkout that belongs to you"
    return None


def spawn(args: list, *, env: dict | None = None, **options) -> subprocess.Popen:
    """Start a program at the head of a process group of its own, so that all of it can be ended.

    The kernel asks it to end when the thread that started it is gone, even by a SIGKILL.

    :param env: variables added to this process's own
    :param options: as for Popen
    """
    return subprocess.Popen(
        ["setpriv", "--pdeathsig", "TERM", "--", *map(str, args)],
        env={**os.environ, **(env or {})},
        start_new_session=True,
        stderr=subprocess.STDOUT if options.get("stdout") else None,
        **options,
    )


def as_user(user: str | None) -> dict:
    """Popen arguments that drop root's rights completely."""
    if not user:
        return {}
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def wait(process: subprocess.Popen) -> int:
    """Wait for a process that leads its own session; whatever ends us ends its whole group too."""
    try:
        return process.wait()
    finally:
        end_group(process)


def end_group(process: subprocess.Popen, patience: float = 10) -> None:
    """Ask a process group to end, and after `patience` seconds make it."""
    for sign, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, 5)):
        deadline = time.monotonic() + seconds
        is_left = reaches(process, sign)
        while is_left and time.monotonic() < deadline:
            time.sleep(0.05)
            is_left = reaches(process, 0)


def reaches(process: subprocess.Popen, sign: int) -> bool:
    """Send a signal to a process group, 0 for none; whether any process of it is left."""
    process.poll()  # one that has ended counts until somebody asks
    with contextlib.suppress(PermissionError):
        try:
            os.killpg(process.pid, sign)
        except ProcessLookupError:
            return False
    return True

"""Words for the person at the terminal, and the running of other programs."""

import contextlib
import os
import signal
import subprocess
import sys
import time

from devtools.paths import LOGS


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
        tail = "\n".join(path.read_text(errors="replace").splitlines()[-15:])
        raise DevError(
            f"`{os.path.basename(args[0])}` ended with status {code}; see {path}\n{tail}"
        )


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
    return {"user": user, "group": user_group(user), "extra_groups": []} if user else {}


def user_group(user: str) -> int:
    import pwd

    return pwd.getpwnam(user).pw_gid


def wait(process: subprocess.Popen) -> int:
    """Wait for a process that leads its own session; whatever ends us ends its whole group too."""
    try:
        return process.wait()
    finally:
        end_group(process)


def end_group(process: subprocess.Popen, patience: float = 10) -> None:
    """Ask a process group to end, and after `patience` seconds make it."""
    for sign, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, 5)):
        if process.poll() is None or group_alive(process.pid):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, sign)
            deadline = time.monotonic() + seconds
            while (
                process.poll() is None or group_alive(process.pid)
            ) and time.monotonic() < deadline:
                time.sleep(0.05)


def group_alive(group: int) -> bool:
    """Whether any process of the group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

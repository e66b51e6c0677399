"""PostgreSQL: the server that PGHOST, PGPORT or PGUSER name, else a private cluster in `.dev/`.

The private cluster runs only while somebody uses it. Every user holds a shared lock; the first one
starts the server, the last one to leave stops it. It listens on a Unix socket alone and trusts
whoever may enter its 0700 directory, which `.dev/postgres` is or leads to. It keeps PostgreSQL's
durable settings, so that what the benchmarks measure is what a user gets; test databases relax
`synchronous_commit` for themselves.
"""

import contextlib
import fcntl
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

from devtools import debian
from devtools.console import DevError, as_user, run, step
from devtools.locks import attempt, exclusive
from devtools.paths import CHECKOUT, DEV

ROLE = "odoo"  # Odoo refuses to work as the role `postgres`
HOME, LOCK, USERS = DEV / "postgres", DEV / "postgres.lock", DEV / "postgres.users"
SOCKET_LIMIT = 107  # bytes in the kernel's address of a Unix socket, without the final NUL

SETTINGS = """
listen_addresses = ''
unix_socket_directories = '..'   # relative to the data directory
unix_socket_permissions = 0700
max_connections = 300
max_wal_size = '4GB'             # a template clone and a benchmark should not wait for checkpoints
lc_messages = 'C'
"""


def is_external() -> bool:
    """Whether the environment names a server; true too inside `cluster()`, which sets the names."""
    return any(name in os.environ for name in ("PGHOST", "PGPORT", "PGUSER"))


def ensure_programs() -> None:
    """Find PostgreSQL's server programs, or install Debian's package."""
    if not is_external() and not programs():
        debian.install(["postgresql"], "PostgreSQL is missing, or set PGHOST to a server")


def programs(major: str = "*") -> Path | None:
    """The newest directory with PostgreSQL's server programs, of one major version if given."""
    found = Path("/usr/lib/postgresql").glob(f"{major}/bin/initdb")
    newest = max(found, key=lambda path: int(path.parts[-3]), default=shutil.which("initdb"))
    return newest and Path(newest).resolve().parent


@contextlib.contextmanager
def cluster():
    """Have a PostgreSQL server while the block runs, named in this process's environment."""
    if is_external():
        yield
        return
    with contextlib.ExitStack() as stack:
        users = stack.enter_context(USERS.open("a"))
        stack.callback(leave, users)
        with exclusive(LOCK):
            fcntl.flock(users, fcntl.LOCK_SH)
            home = ensure_started()
        names = {"PGHOST": str(home), "PGPORT": "5432", "PGUSER": ROLE}
        os.environ.update(names)
        stack.callback(lambda: [os.environ.pop(name, None) for name in names])
        yield


def leave(users) -> None:
    """Give the shared lock back; the last one to leave stops the server."""
    with exclusive(LOCK):
        if attempt(users, fcntl.LOCK_EX):
            stop(find_home())


def ensure_started() -> Path:
    """Create the cluster if there is none, start it if it is down.

    :return: the directory of its socket
    """
    home = ensure_home()
    if not (home / "data").exists():
        with step("creating the PostgreSQL cluster"):
            create(home / "data")
    if not is_running(home):
        with step("starting PostgreSQL"):
            start(home)
    return home


def find_home() -> Path | None:
    """The directory of the cluster, if there is one: HOME, or where HOME leads."""
    # A link may have come with a copy of another checkout, whose cluster it is.
    is_ours = not HOME.is_symlink() or CHECKOUT in os.readlink(HOME)
    return HOME.resolve() if is_ours and HOME.exists() else None


def ensure_home() -> Path:
    """Make the directory of the cluster exist; HOME leads to it if it cannot live there."""
    if home := find_home():
        return home
    HOME.unlink(missing_ok=True)
    made = make_home(DEV)
    if made.parent == DEV:
        made.rename(HOME)
    else:
        HOME.symlink_to(made)
    return HOME.resolve()


def make_home(dev: Path) -> Path:
    """Make a directory for the server's user alone, below this one or, if need be, /var/tmp.

    The server's user must be able to enter it, and the path of the socket must fit.
    """
    prefix, user = f"fusion-{CHECKOUT}-", server_user()
    fits = len(os.fsencode(dev / f"{prefix}12345678" / ".s.PGSQL.5432")) <= SOCKET_LIMIT
    entered = subprocess.run(["test", "-x", dev], cwd="/", check=False, **as_user(user))
    can_live_here = fits and entered.returncode == 0
    home = tempfile.mkdtemp(prefix=prefix, dir=dev if can_live_here else "/var/tmp")
    if user:
        shutil.chown(home, user)
    return Path(home)


def create(data: Path, settings: str = SETTINGS) -> None:
    """Create a cluster; the rename at its end is what makes it count.

    :param settings: lines of postgresql.conf
    """
    partial = data.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    options = ("-U", ROLE, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
    control(programs() / "initdb", "-D", partial, *options)
    with (partial / "postgresql.conf").open("a") as conf:
        conf.write(settings)
    partial.rename(data)


def start(home: Path) -> None:
    """Start the server of the cluster in a directory, and wait until it takes connections."""
    pg_ctl(home, "start", "-l", home / "server.log", "-w", "-t", "120")


def stop(home: Path | None) -> None:
    """Stop the server of the cluster in a directory, if there is one and it runs."""
    if home and is_running(home):
        pg_ctl(home, "stop", "-m", "fast", "-w", "-t", "120")


def is_running(home: Path) -> bool:
    """Whether the server of the cluster in a directory runs."""
    with contextlib.suppress(DevError, FileNotFoundError):  # there may be no cluster yet
        pg_ctl(home, "status")
        return True
    return False


def pg_ctl(home: Path, action: str, *options) -> None:
    """Control a cluster with the programs of the version that made it."""
    major = (home / "data" / "PG_VERSION").read_text().strip()
    folder = programs(major)
    if not folder:
        raise DevError(f"PostgreSQL {major} made the cluster in .dev and is gone: run ./dev clean")
    control(folder / "pg_ctl", action, "-D", home / "data", *options)


def control(program: Path, *arguments) -> None:
    """Run one of PostgreSQL's programs as the server's user."""
    run([program, *arguments], log=f"postgres-{program.name}", cwd="/", user=server_user())


def server_user() -> str | None:
    """Who runs the server: PostgreSQL refuses root, so root lends it Debian's own user for it."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def remove() -> None:
    """Remove the private cluster, unless somebody uses it."""
    with USERS.open("a") as users:
        if not attempt(users, fcntl.LOCK_EX):
            raise DevError("another ./dev is using .dev: end it first")
        home = find_home()
        stop(home)
    if home:
        shutil.rmtree(home, ignore_errors=True)

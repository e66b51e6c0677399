"""PostgreSQL: the server that PGHOST, PGPORT or PGUSER name, else a private cluster in `.dev/`.

The private cluster runs only while somebody uses it. Every user holds a shared lock; the first one
starts the server, the last one to leave stops it. It listens on a Unix socket alone and trusts
whoever may enter its 0700 directory. It keeps PostgreSQL's durable settings, so that what the
benchmarks measure is what a user gets; test databases relax `synchronous_commit` for themselves.
"""

import contextlib
import fcntl
import hashlib
import os
import pwd
import shutil
import stat
import subprocess
from pathlib import Path

from devtools import debian
from devtools.console import DevError, as_user, run, step
from devtools.locks import attempt, exclusive
from devtools.paths import DEV, ROOT

ROLE = "odoo"  # Odoo refuses to work as the role `postgres`
PROGRAMS = ("initdb", "pg_ctl", "postgres")
SOCKET = ".s.PGSQL.5432"
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
    if is_external() or programs():
        return
    debian.install(["postgresql"], "PostgreSQL is missing, or set PGHOST to a server")
    if not programs():
        raise DevError(
            "PostgreSQL's programs are still missing after installing the package postgresql"
        )


def programs(major: str = "*") -> Path | None:
    """The newest directory with PostgreSQL's server programs, of one major version if given."""
    folders = sorted(
        Path("/usr/lib/postgresql").glob(f"{major}/bin"), key=lambda path: int(path.parent.name)
    )
    if major == "*" and (found := shutil.which("initdb")):
        folders.insert(0, Path(found).resolve().parent)
    complete = [path for path in folders if all((path / name).exists() for name in PROGRAMS)]
    return complete[-1] if complete else None


@contextlib.contextmanager
def cluster():
    """Have a PostgreSQL server while the block runs, named in this process's environment."""
    if is_external():
        yield
        return
    with contextlib.ExitStack() as stack:
        users = stack.enter_context((DEV / "postgres.users").open("a"))
        stack.callback(leave, users)
        with exclusive(DEV / "postgres.lock"):
            fcntl.flock(users, fcntl.LOCK_SH)
            home = ensure_started()
        names = {"PGHOST": str(home), "PGPORT": "5432", "PGUSER": ROLE}
        os.environ.update(names)
        stack.callback(lambda: [os.environ.pop(name, None) for name in names])
        yield


def leave(users) -> None:
    """Give the shared lock back; the last one to leave stops the server."""
    with exclusive(DEV / "postgres.lock"):
        if attempt(users, fcntl.LOCK_EX):
            stop()


def ensure_started() -> Path:
    """Create the cluster if there is none, start it if it is down.

    :return: the directory of its socket
    """
    home = ensure_home()
    data = home / "data"
    if not exists(data):
        with step("creating the PostgreSQL cluster"):
            create(data)
    if not is_running(data):
        with step("starting PostgreSQL"):
            start(home)
    return home


def create(data: Path, settings: str = SETTINGS) -> None:
    """Create a cluster; the rename at its end is what makes it count.

    :param settings: lines of postgresql.conf
    """
    partial = data.with_suffix(".partial")
    control("rm", "-rf", partial, folder=Path("/bin"))
    control(
        "initdb",
        "-D",
        partial,
        "-U",
        ROLE,
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C.UTF-8",
        "--no-sync",
        folder=programs(),
    )
    with (partial / "postgresql.conf").open("a") as conf:
        conf.write(settings)
    partial.rename(data)


def start(home: Path) -> None:
    """Start the server of the cluster in a directory, and wait until it takes connections."""
    data, log = home / "data", home / "server.log"
    control("pg_ctl", "-D", data, "-l", log, "-w", "-t", "120", "start", folder=programs_of(data))


def stop() -> None:
    """Stop the private server, if it runs."""
    data = home_directory() / "data"
    if exists(data) and is_running(data):
        control(
            "pg_ctl", "-D", data, "-m", "fast", "-w", "-t", "120", "stop", folder=programs_of(data)
        )


def is_running(data: Path) -> bool:
    """What pg_ctl says of the server on this data directory."""
    asked = subprocess.run(
        [programs_of(data) / "pg_ctl", "-D", data, "status"],
        cwd="/",
        capture_output=True,
        check=False,
        **as_user(server_user()),
    )
    return asked.returncode == 0


def programs_of(data: Path) -> Path:
    """The programs of the version that made this cluster."""
    major = (data / "PG_VERSION").read_text().strip()
    if found := programs(major):
        return found
    newest = programs()
    if (newest and newest.parent.name == major) or (newest and "postgresql" not in str(newest)):
        return newest
    raise DevError(f"PostgreSQL {major} made the cluster in .dev and is gone: run ./dev clean")


def exists(data: Path) -> bool:
    """Whether the cluster was created to its end."""
    return (data / "PG_VERSION").exists()


def control(program: str, *arguments, folder: Path) -> None:
    """Run one of PostgreSQL's programs as the server's user."""
    run([folder / program, *arguments], log=f"postgres-{program}", cwd="/", user=server_user())


def server_user() -> str | None:
    """Who runs the server: PostgreSQL refuses root, so root lends it Debian's own user for it."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        return "nobody"


def home_directory() -> Path:
    """Where the cluster lives: `.dev/postgres` if its user can enter it and the socket's path fits.

    Otherwise a directory of this checkout under /var/tmp, which every user can enter.
    """
    wanted = DEV / "postgres"
    fits = len(os.fsencode(wanted / SOCKET)) <= SOCKET_LIMIT
    if fits and can_enter(DEV):
        return wanted
    name = hashlib.sha256(os.fsencode(ROOT)).hexdigest()[:12]
    return Path(f"/var/tmp/fusion-billing-{os.geteuid()}-{name}")


def can_enter(folder: Path) -> bool:
    """Whether the server's user may pass through a directory and all above it."""
    asked = subprocess.run(["test", "-x", folder], cwd="/", check=False, **as_user(server_user()))
    return asked.returncode == 0


def ensure_home() -> Path:
    """Create the cluster's directory for its user alone; refuse one that is somebody else's."""
    home = home_directory()
    user = server_user()
    owner = pwd.getpwnam(user).pw_uid if user else os.geteuid()
    try:
        home.mkdir(mode=0o700)
        if user:
            shutil.chown(home, user, pwd.getpwnam(user).pw_gid)
    except FileExistsError:
        pass
    status = home.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != owner or status.st_mode & 0o077:
        raise DevError(f"{home} is not private to user {user or owner}: remove it and try again")
    return home


def remove() -> None:
    """Remove the private cluster, unless somebody uses it."""
    users = DEV / "postgres.users"
    if users.exists():
        with users.open("a") as handle:
            if not attempt(handle, fcntl.LOCK_EX):
                raise DevError("another ./dev is using .dev: end it first")
            stop()
    shutil.rmtree(home_directory(), ignore_errors=True)

"""Databases: templates with Odoo's modules installed, and quick clones of them.

Installing Odoo's own modules takes a minute, cloning a database a second. Templates are keyed by
what went into them, so a change of Odoo, of the recipe or of the addon makes a new one. A clone
takes the template's files (attachments) with it, as hard links.
"""

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import uuid
from pathlib import Path

import psutil
import psycopg2
from psycopg2 import sql

from devtools import odoo, postgres
from devtools.console import DevError, run, step
from devtools.locks import exclusive
from devtools.paths import ADDON, CHECKOUT, DATA, DEBIAN, DEV, LOGS, ROOT, odoo_source

PATIENCE = 30  # seconds until a server that does not answer counts as unreachable
BASE = ("sale_management",)  # brings sale, account, payment, portal and mail
PREFIX = f"fusion_{CHECKOUT}"  # servers may be shared
TEMPORARY = re.compile(rf"{PREFIX}_\w+_(?P<pid>\d+)_[0-9a-f]{{6}}$")
RIGHTS = "SELECT rolname, rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
NOT_THE_ADDON = {
    *("clients", "devtools", "dist", "docs", "enterprise", "examples", "tests", "__pycache__")
}


def connect(name: str = "postgres"):
    """A psycopg2 connection in autocommit mode to a database of the current server."""
    connection = psycopg2.connect(dbname=name, connect_timeout=PATIENCE)
    connection.autocommit = True
    return connection


def check_server() -> None:
    """Prove that the server is there, and lets us make databases.

    :raise DevError: says what to change
    """
    try:
        [[user, may]] = query("postgres", RIGHTS)
    except psycopg2.OperationalError as error:
        said = " ".join(str(error).split())
        where = "PGHOST, PGPORT, PGUSER and PGPASSWORD"
        raise DevError(f"cannot reach PostgreSQL as {where} say: {said}") from None
    if user == "postgres":
        raise DevError("Odoo refuses the database user postgres: set PGUSER to another one")
    if not may:
        raise DevError(f"{user} may not create databases: let somebody ALTER ROLE {user} CREATEDB")


def query(name: str, statement, parameters: tuple = ()) -> list[tuple]:
    """Run one statement in a database; rows, or an empty list for a statement without any."""
    with contextlib.closing(connect(name)) as connection, connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


def command(statement: str, **places: str) -> None:
    """Run a statement about databases, with their names quoted in its places."""
    quoted = {place: sql.Identifier(name) for place, name in places.items()}
    query("postgres", sql.SQL(statement).format(**quoted))


def names(pattern: str = ".*") -> list[str]:
    """The server's databases, or those whose whole name a regular expression describes."""
    found = [name for (name,) in query("postgres", "SELECT datname FROM pg_database")]
    return [name for name in found if re.fullmatch(pattern, name)]


def exists(name: str) -> bool:
    """Whether the server has a database of this name."""
    return name in names()


def create_database(
    name: str, install: tuple = (ADDON,), demo: bool = False, fast: bool = False
) -> str:
    """Clone the template that has these modules, made now if it is missing.

    :param install: modules beyond the base ones; none gives a database without the addon
    :param demo: with Odoo's and the addon's demonstration data
    :param fast: do not wait for the disk at each commit; for tests, not for measuring
    :return: the name
    """
    with template(install, demo) as source:
        copy_database(source, name)
    if fast:
        command("ALTER DATABASE {name} SET synchronous_commit = off", name=name)
    return name


@contextlib.contextmanager
def temporary_database(label: str = "test", **options):
    """A database of its own for the block, dropped afterwards; `options` as for create_database."""
    drop_orphans()
    name = f"{PREFIX}_{label}_{os.getpid()}_{uuid.uuid4().hex[:6]}"
    try:
        yield create_database(name, **{"fast": True, **options})
    finally:
        drop_database(name)


def drop_database(name: str) -> bool:
    """Drop a database, whoever is connected to it, and its files.

    :return: whether there was one
    """
    found = exists(name)
    command("DROP DATABASE IF EXISTS {name} WITH (FORCE)", name=name)
    shutil.rmtree(filestore(name), ignore_errors=True)
    return found


def drop_orphans() -> None:
    """Drop temporary databases that killed commands left in the private cluster."""
    if os.environ.get("PGHOST") != str(postgres.HOME.resolve()):
        return  # on a shared server the process may run on another machine
    for name in names(TEMPORARY.pattern):
        if not psutil.pid_exists(int(TEMPORARY.match(name)["pid"])):
            drop_database(name)


def drop_all() -> None:
    """Drop every template and temporary database of this checkout."""
    for name in names(f"{PREFIX}_.*"):
        drop_database(name)


def filestore(name: str) -> Path:
    """Where Odoo keeps the attachments of a database."""
    return DATA / "filestore" / name


def ensure_template(install: tuple = (), demo: bool = False) -> None:
    """Make the template with these modules exist; what an interruption left is done again."""
    with template(install, demo):
        pass


@contextlib.contextmanager
def template(install: tuple, demo: bool):
    """The template with these modules, made if need be, which nobody replaces meanwhile.

    Nobody else has to wait while one is built: each family has its own lock.
    """
    lock = DEV / f"{template_family(install, demo)}.lock"
    with exclusive(lock, "template database"):
        yield build_template(install, demo)


def build_template(install: tuple, demo: bool) -> str:
    """Build a template unless there is one; the rename at its end is what makes it trusted."""
    name = template_name(install, demo)
    if exists(name):
        if filestore(name).exists():
            return name
        drop_database(name)  # its server outlived a removed .dev
    partial = f"{name}_partial"
    drop_database(partial)
    if install:
        create_database(partial, install=(), demo=demo)
        with step(f"installing {' '.join(install)} into a template database"):
            install_modules(partial, install, demo)
        for old in names(f"{template_family(install, demo)}_[0-9a-f]{{10}}"):
            drop_database(old)
    else:
        command(
            "CREATE DATABASE {new} ENCODING 'UTF8' LC_COLLATE 'C' TEMPLATE template0", new=partial
        )
        what = f"a template database{' with demo data' * demo}"
        with step(f"installing Odoo's modules into {what} (once, about a minute)"):
            install_modules(partial, BASE, demo)
    freeze(partial, name)
    return name


def freeze(partial: str, name: str) -> None:
    """Turn a finished database into a template; nobody can connect to it, so clones never wait."""
    shutil.rmtree(filestore(name), ignore_errors=True)
    filestore(partial).rename(filestore(name))
    command("ALTER DATABASE {old} ALLOW_CONNECTIONS false", old=partial)
    command("ALTER DATABASE {old} RENAME TO {new}", old=partial, new=name)


def copy_database(source: str, name: str) -> None:
    """Clone a database and its files."""
    try:
        command("CREATE DATABASE {name} TEMPLATE {source}", name=name, source=source)
    except psycopg2.errors.DuplicateDatabase:
        raise DevError(
            f"there is a database {name} already: drop it with ./dev db drop {name}"
        ) from None
    shutil.rmtree(filestore(name), ignore_errors=True)
    shutil.copytree(filestore(source), filestore(name), copy_function=os.link)


def install_modules(name: str, modules: tuple, demo: bool = False, update: bool = False) -> None:
    """Install (or update) modules with Odoo and prove from SQL that they are.

    Exit codes prove nothing: a module whose dependency is missing stays `to install`, and Odoo
    ends with 0.
    """
    log, what = f"install-{name}", "-u" if update else "-i"
    options = [what, ",".join(modules), *odoo.ONCE, *["--with-demo"] * demo]
    run(odoo.command("server", name, *options), log=log, env=odoo.environment(), cwd=DEV)
    states = module_states(name)
    wrong = [module for module in modules if states.get(module) != "installed"]
    if wrong or {"to install", "to upgrade"} & set(states.values()):
        raise DevError(f"{', '.join(wrong) or 'a module'} was not installed; see {LOGS}/{log}.log")


def module_states(name: str) -> dict[str, str]:
    """State of every module known to a database."""
    return dict(query(name, "SELECT name, state FROM ir_module_module"))


def template_name(install: tuple, demo: bool) -> str:
    """A template is named after a digest of all that went into it."""
    parts = [odoo_identity(), *BASE]
    if install:
        parts += [*install, addon_digest()]
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:10]
    return f"{template_family(install, demo)}_{digest}"


def template_family(install: tuple, demo: bool) -> str:
    """The part of a template's name that a change of content leaves alone."""
    modules = hashlib.sha256(" ".join(install).encode()).hexdigest()[:6] if install else "base"
    return f"{PREFIX}_tpl_{modules}{'_demo' * demo}"


def odoo_identity() -> str:
    """Which Odoo this is, to the package version or commit."""
    if odoo_source().is_relative_to(DEBIAN):
        return (DEBIAN / ".packages").read_text()
    asking = ["env", "git", "-C", odoo_source(), "rev-parse", "HEAD"]  # there may be no git
    asked = subprocess.run(asking, capture_output=True, text=True, check=False)
    return f"{odoo_source()} {asked.stdout}"


def addon_digest() -> str:
    """A digest of the addon's files: all that can change what an installation does."""
    digest = hashlib.sha256()
    for folder, folders, files in os.walk(ROOT):
        # Tools keep what they know in folders with a dot, also while tests run.
        hidden = {name for name in folders if name.startswith(".")}
        folders[:] = sorted(set(folders) - NOT_THE_ADDON - hidden)
        for path in sorted(
            Path(folder) / name for name in files if not name.endswith((".md", ".pyc"))
        ):
            digest.update(os.fsencode(path.relative_to(ROOT)) + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()

"""What people have of their own: Odoo's checkout, a PostgreSQL with passwords, a clone of ours."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psycopg2
from psycopg2 import sql

from devtools import postgres
from devtools.console import end_group, spawn
from devtools.odoo import free_port
from devtools.paths import DEBIAN_SOURCE, ROOT, odoo_source

#: As it stands in Odoo's repository.
ODOO_BIN = """#!/usr/bin/env python3

# set server timezone in UTC before time module imported
__import__('os').environ['TZ'] = 'UTC'
import odoo.cli

if __name__ == "__main__":
    odoo.cli.main()
"""
SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = '..'
unix_socket_permissions = 0700
fsync = off
"""
#: The socket, in a folder that nobody else can enter, is for whoever makes users.
WHO_MAY = """
local all all trust
host all all 127.0.0.1/32 scram-sha-256
"""
#: Variables that lead elsewhere: to the server of this run, or to what the developer has set.
NAMES = ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "ODOO_SRC", "VIRTUAL_ENV")
PATIENCE = 1800  # seconds


def odoo_checkout(folder: Path) -> Path:
    """Odoo laid out as its repository is: `base` beside the framework, all other addons apart."""
    if odoo_source() != DEBIAN_SOURCE:
        return odoo_source()
    packaged = DEBIAN_SOURCE / "odoo"
    shutil.copytree(packaged, folder / "odoo", ignore=shutil.ignore_patterns("addons"))
    (folder / "odoo" / "addons").mkdir()
    (folder / "addons").mkdir()
    for addon in (packaged / "addons").iterdir():
        parent = folder / "odoo" / "addons" if addon.name == "base" else folder / "addons"
        (parent / addon.name).symlink_to(addon)
    (folder / "odoo-bin").write_text(ODOO_BIN)
    author = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
    for arguments in (("init", "-q"), (*author, "commit", "-q", "--allow-empty", "-m", "19.0")):
        subprocess.run(["git", "-C", folder, *arguments], check=True)
    return folder


class Server:
    """A PostgreSQL for the block that asks for a password, and listens on the loopback."""

    def __enter__(self):
        self.home, self.port = postgres.make_home(Path("/var/tmp")), free_port()
        with contextlib.ExitStack() as stack:
            stack.callback(shutil.rmtree, self.home, ignore_errors=True)
            postgres.create(self.home / "data", f"{SETTINGS}port = {self.port}\n")
            (self.home / "data" / "pg_hba.conf").write_text(WHO_MAY)
            postgres.start(self.home)
            stack.callback(postgres.stop, self.home)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exc):
        return self._stack.__exit__(*exc)

    def ask(self, statement) -> list[tuple]:
        """Run a statement as the one who may do anything."""
        names = {"host": self.home, "port": self.port, "user": postgres.ROLE}
        with contextlib.closing(psycopg2.connect(dbname="postgres", **names)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []

    def user(self, name: str, rights: str = "CREATEDB") -> dict[str, str]:
        """Make a user with a password who has these rights alone.

        :return: the variables with which they find the server
        """
        create = sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER {} PASSWORD {}")
        words = (sql.Identifier(name), sql.SQL(rights), sql.Literal(f"secret of {name}"))
        self.ask(create.format(*words))
        where = {"PGHOST": "127.0.0.1", "PGPORT": str(self.port)}
        return {**where, "PGUSER": name, "PGPASSWORD": f"secret of {name}"}

    def databases(self) -> set[str]:
        return {name for (name,) in self.ask("SELECT datname FROM pg_database")}


class Clone:
    """A clone of the repository's last commit, and what a person there has set.

    :param variables: of the environment
    """

    def __init__(self, folder: Path, variables: dict[str, str]):
        subprocess.run(["git", "clone", "-q", ROOT, folder], check=True)
        self.folder, self.log = folder, folder.with_suffix(".log")
        self.variables = variables

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen:
        """Start a command of `./dev`; what it says goes to `log`."""
        without = [f"--unset={name}" for name in NAMES]
        told = [f"{name}={value}" for name, value in {**self.variables, **variables}.items()]
        with self.log.open("wb") as out:
            return spawn(
                ["env", *without, *told, "python3", "dev", *arguments],
                stdout=out,
                stdin=subprocess.DEVNULL,
                cwd=self.folder,
            )

    def run(self, *arguments: str, **variables: str) -> int:
        """Run a command of `./dev` to its end.

        :return: its exit status
        """
        process = self.start(*arguments, **variables)
        try:
            return process.wait(PATIENCE)
        finally:
            end_group(process)

    def kill_when_it_says(self, words: str, *arguments: str) -> None:
        """Start a command, and kill it with all that it started as soon as it says something."""
        process = self.start(*arguments)
        self.wait_for(words, process)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def wait_for(self, words: str, process: subprocess.Popen) -> None:
        deadline = time.monotonic() + PATIENCE
        while words not in self.said:
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"it never said {words}: {self.said[-3000:]}")
            time.sleep(0.05)

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

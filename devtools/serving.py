"""`./dev serve` and `./dev shell`."""

import os
import subprocess

from devtools import databases, odoo
from devtools.console import DevError, say, step
from devtools.paths import ADDON, DEV


def serve(name: str, port: int, workers: int, demo: bool) -> int:
    """Serve one database until asked to end; its log goes to the terminal."""
    prepare(name, demo)
    server = odoo.OdooServer(name, workers, port, cron_threads=1, log=False)
    try:
        with server:
            say(f"Serving {name} on {server.url} (user admin, password admin). Ctrl-C ends it.")
            status = server.process.wait()
    except KeyboardInterrupt:
        return 0
    raise DevError(f"Odoo ended by itself with status {status}; its log is above")


def prepare(name: str, demo: bool) -> None:
    """Have the database with the addon as it is now: created, or updated."""
    if not databases.exists(name):
        databases.create_database(name, demo=demo)
        return
    if demo and databases.query(
        name, "SELECT 1 FROM ir_module_module WHERE name = %s AND NOT demo", (ADDON,)
    ):
        raise DevError(
            f"the database {name} was made without demonstration data: ./dev db drop {name} first"
        )
    with step(f"updating the addon in {name}"):
        databases.install_modules(
            name, (ADDON,), update=databases.module_states(name).get(ADDON) == "installed"
        )


def shell(name: str) -> int:
    """Odoo's shell in the foreground; its exit status is ours."""
    if not databases.exists(name):
        raise DevError(f"there is no database {name}: ./dev serve --db {name} makes one")
    variables = {**os.environ, **odoo.environment()}
    return subprocess.call(odoo.command("shell", name, *odoo.QUIET), env=variables, cwd=DEV)

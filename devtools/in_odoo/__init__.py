"""Functions that run inside Odoo: `call("db", "catalog.create", name="x")`.

The modules of this package are imported by Odoo's shell. Their public functions take its `env`
first, then arguments that JSON can carry, and return what JSON can carry.
"""

import contextlib
import json
import os
import subprocess

from devtools import odoo
from devtools.console import DevError, end_group
from devtools.paths import DEV, ROOT


def call(database: str, function: str, **arguments):
    """Run a function of this package in Odoo's shell and return its result."""
    return read_result(odoo.shell(database, source(function, arguments)))


@contextlib.contextmanager
def started(database: str, function: str, **arguments):
    """Run a function in a process of its own during the block, to be read with `finish`."""
    process = subprocess.Popen(
        odoo.command("shell", database, "--no-http", "--max-cron-threads=0", "--log-level=warn"),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, **odoo.environment()}, cwd=DEV, start_new_session=True,
    )
    try:
        process.stdin.write(source(function, arguments))
        process.stdin.close()
        process.stdin = None  # communicate() would flush it
        yield process
    finally:
        end_group(process)
        process.stdout.close()
        process.stderr.close()


def finish(process: subprocess.Popen, seconds: float = 120):
    """Wait for a started function and return its result.

    :raise DevError: it raised; with the end of the traceback
    """
    output, errors = process.communicate(timeout=seconds)
    if process.returncode:
        raise DevError(f"it ended with status {process.returncode}\n{errors[-2000:]}")
    return read_result(output)


def source(function: str, arguments: dict) -> str:
    module, _dot, name = function.rpartition(".")
    return (
        f"import json, sys; sys.path.append({str(ROOT)!r})\n"
        f"from devtools.in_odoo import {module}\n"
        f"_result = {module}.{name}(env, **json.loads({json.dumps(arguments)!r}))\n"
        "env.cr.commit()\n"
        "print('\\n' + json.dumps(_result))\n"
    )


def read_result(output: str):
    return json.loads(output.splitlines()[-1])

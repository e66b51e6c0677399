"""Odoo's side of the calls: runs the functions of this package by name."""

import contextlib
import importlib
import json
import socket
import threading
import traceback

from odoo import api, sql_db
from odoo.modules.registry import Registry


def serve(descriptor: int) -> None:
    """Answer calls until the other side closes the socket; calls and answers are JSON lines."""
    with (
        contextlib.suppress(KeyboardInterrupt),  # what Odoo makes of a SIGTERM
        socket.socket(fileno=descriptor) as connection,
        connection.makefile("rw") as stream,
    ):
        for line in stream:
            stream.write(answer(*json.loads(line)) + "\n")
            stream.flush()


def answer(*call) -> str:
    try:
        return json.dumps({"result": run(*call)})
    except Exception:
        return json.dumps({"error": traceback.format_exc()[-2000:]})


def print_result(call: tuple) -> None:
    """Run one function in a process that is there for it alone."""
    print("\n" + json.dumps(run(*call)))


def run(database: str, function: str, arguments: dict):
    """Run a function as a process would that has just started, and commit.

    The registry is loaded anew, and no connection stays: between two calls the database may be
    changed, cloned, dropped or made again.
    """
    threading.current_thread().dbname = database  # for the log
    module, _dot, name = function.rpartition(".")
    Registry.delete(database)
    registry = Registry(database)
    try:
        with registry.cursor() as cr:
            context = api.Environment(cr, api.SUPERUSER_ID, {})["res.users"].context_get()
            env = api.Environment(cr, api.SUPERUSER_ID, context)
            called = getattr(importlib.import_module(f"e2e.in_odoo.{module}"), name)
            result = called(env, **arguments)
        registry.signal_changes()
        return result
    finally:
        sql_db.close_db(database)

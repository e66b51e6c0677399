"""What can go wrong: each function makes it go wrong, once, at whatever the stage has caught.

A strike returns only when what it broke may work again; the world recovers by itself.
"""

import contextlib
import json
import os
import signal
import socket
import time
from urllib.parse import urlsplit

import psutil
import psycopg2

from devtools.databases import connect, query
from e2e.peers.fusion_client import BASE

LOCKED = {
    "ingest": "fusion_billing_usage",
    "rating": "fusion_billing_rating",
    "invoicing": "account_move_line",
    "posting": "account_move",
    "delivery": "fusion_billing_webhook_delivery",
}
SOON = 0.1  # seconds: a time-out that the load meets
LIMIT = 6  # seconds that Odoo gives a worker for one piece of work
MIB = 2**20


# === PROCESSES OF ODOO === #


def kill_http_worker(world, backend, _stage):
    """The one at the stage if it is one, else any."""
    workers = world.service.server.worker_pids
    os.kill(backend.odoo if backend.odoo in workers else world.rng.choice(workers), signal.SIGKILL)


def kill_cron_worker(world, backend, _stage):
    """The one at the stage."""
    if backend.odoo in world.service.server.worker_pids:
        raise ProcessLookupError("an HTTP worker is at this stage")
    os.kill(backend.odoo, signal.SIGKILL)


def kill_master(world, _backend, _stage):
    world.service.server.process.kill()


# === POSTGRESQL === #


def kill_backend(_world, backend, _stage):
    """PostgreSQL throws out everybody, and recovers."""
    os.kill(backend.pid, signal.SIGKILL)


def kill_postmaster(world, _backend, _stage):
    world.cluster.kill()
    time.sleep(world.rng.random())
    world.cluster.start()


def terminate_backend(world, backend, _stage):
    query(world.database, "SELECT pg_terminate_backend(%s)", (backend.pid,))


def terminate_all(world, _backend, _stage):
    query(world.database, TERMINATE_ALL, (world.database,))


# === TIME-OUTS === #


def time_out_on_lock(world, _backend, stage):
    meet_time_out(world, "lock_timeout", stage)


def time_out_on_statement(world, _backend, stage):
    meet_time_out(world, "statement_timeout", stage)


def meet_time_out(world, setting, stage):
    """Somebody has a table, and Odoo's connections, all of them new, wait only for a moment."""
    query(world.database, f"ALTER ROLE odoo SET {setting} = '{SOON * 1000:.0f}ms'")
    try:
        terminate_all(world, None, stage)
        with holding(world.database, LOCKED[stage]):
            time.sleep(1)
    finally:
        query(world.database, f"ALTER ROLE odoo RESET {setting}")
        terminate_all(world, None, stage)


def outlast_limit(world, _backend, stage):
    """The master kills workers that take too long, and here they all wait for a table."""
    world.service.restart(f"--limit-time-real={LIMIT}", f"--limit-time-real-cron={LIMIT}")
    world.wait_for_work()
    with holding(world.database, LOCKED[stage]):
        time.sleep(LIMIT + 3)
    world.service.restart()


@contextlib.contextmanager
def holding(database, table):
    """Let nobody write a table."""
    with contextlib.closing(connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0; SET lock_timeout = 0")
        connection.autocommit = False
        cursor.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
        yield
        connection.rollback()


# === CLIENTS === #


def leave_halfway(world, _backend, _stage):
    leave(world, world.rng.random())


def leave_before_answer(world, _backend, _stage):
    leave(world, 1)


def leave(world, part):
    """A client goes away after a part of its request, and does not know what came of it."""
    app = world.visitor
    events = [app.new_event() for _number in range(world.rng.randrange(1, 300))]
    request = world.request_bytes(events)
    url = urlsplit(world.service.url)
    with (
        contextlib.suppress(OSError),
        socket.create_connection((url.hostname, url.port), timeout=10) as connection,
    ):
        connection.sendall(request[: int(part * len(request))])
        time.sleep(world.rng.choice((0, 0.01, 0.1)))
    app.push(events)


def request_of(key, events):
    """A push as it goes over the wire."""
    body = json.dumps({"events": events}).encode()
    return (
        f"POST {BASE}/usage HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


# === RESOURCES === #


def fill_disk(world, _backend, _stage):
    world.disk.fill()
    time.sleep(1 + world.rng.random())
    world.disk.free()


def reach_soft_memory_limit(world, _backend, _stage):
    """Workers end after the work that brought them beyond it."""
    world.service.restart(f"--limit-memory-soft={world.memory() + MIB}")
    live_for_a_while(world)


def reach_hard_memory_limit(world, _backend, _stage):
    """The kernel gives workers nothing beyond it."""
    limit = world.memory() + world.rng.randrange(2, 40) * MIB
    world.service.restart(f"--limit-memory-hard={limit}")
    live_for_a_while(world)


def live_for_a_while(world):
    app, batches, end = world.visitor, [], time.monotonic() + 3
    while time.monotonic() < end:
        batches.append([app.new_event() for _number in range(2000)])
        app.push_once(batches[-1])
    world.service.restart()
    for batch in batches:
        app.push(batch)


STRIKES = {
    strike.__name__: strike
    for strike in (
        kill_http_worker,
        kill_cron_worker,
        kill_master,
        kill_backend,
        kill_postmaster,
        terminate_backend,
        terminate_all,
        time_out_on_lock,
        time_out_on_statement,
        outlast_limit,
        leave_halfway,
        leave_before_answer,
        fill_disk,
        reach_soft_memory_limit,
        reach_hard_memory_limit,
    )
}
#: What finds nobody there, or the database away: the strike is made again.
MISSED = (psycopg2.Error, psutil.Error, ProcessLookupError, AttributeError, IndexError)

TERMINATE_ALL = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
 WHERE datname = %s AND application_name ~ '^odoo-'
"""

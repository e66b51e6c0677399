"""A starting gate for processes: all of them wait at it, then go at the same moment."""

import contextlib
import time

from devtools.databases import connect
from e2e import in_odoo
from e2e.in_odoo.crons import GATE

WAITING = """
SELECT count(*) FROM pg_locks
 WHERE locktype = 'advisory' AND objid = %s AND NOT granted
   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


class Gate:
    """Closed from the start of the block: `with Gate(db) as gate: …; gate.open(process, process)`.

    Processes wait in `e2e.in_odoo.crons.wait_at_gate`, each in a connection to the database.
    """

    def __init__(self, database: str):
        self._connection = contextlib.closing(connect(database))

    def __enter__(self):
        self._cursor = self._connection.__enter__().cursor()
        self._cursor.execute("SELECT pg_advisory_lock(%s)", (GATE,))
        return self

    def __exit__(self, *exc):
        return self._connection.__exit__(*exc)

    def open(self, *processes, seconds: float = 120) -> None:
        """Let go when all these started processes wait."""
        deadline = time.monotonic() + seconds
        while self._count() < len(processes):
            for process in processes:
                if process.poll() is not None:
                    in_odoo.finish(process)
            if time.monotonic() > deadline:
                raise TimeoutError(f"only {self._count()} of {len(processes)} came to the gate")
            time.sleep(0.02)
        self._cursor.execute("SELECT pg_advisory_unlock(%s)", (GATE,))

    def _count(self) -> int:
        self._cursor.execute(WAITING, (GATE,))
        return self._cursor.fetchone()[0]

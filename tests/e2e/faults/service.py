"""Odoo as an operator runs it: started again whenever it ends, its scheduled actions often."""

import contextlib
import os
import signal
import threading
import time

import psycopg2

from devtools.console import DevError, end_group
from devtools.databases import query
from devtools.odoo import OdooServer
from e2e.faults.background import Background


class Service:
    """A prefork Odoo for the block: `with Service(db, 2, 2) as service: service.url`.

    :param workers: as many as there are requests at once
    :param cron_workers: as many as there are scheduled actions to run at once
    """

    def __init__(self, database: str, workers: int, cron_workers: int):
        self.server = OdooServer(database, workers, cron_threads=cron_workers)
        self.url, self.log, self.restarts = self.server.url, self.server.log, -1
        self._end = threading.Event()
        # The kernel ends Odoo with the thread that started it: it has to live as long.
        self._thread = threading.Thread(target=self._look_after, daemon=True)

    def __enter__(self):
        self.log.unlink(missing_ok=True)
        self._thread.start()
        self.wait_ready()
        return self

    def __exit__(self, *_exc):
        self._end.set()
        self._thread.join()

    def _look_after(self) -> None:
        """Start Odoo, wait until it ends, end what is left of it: again and again."""
        while not self._end.is_set():
            with contextlib.suppress(DevError):  # its port may be in use for a moment
                self.server.start()
                self.restarts += 1
                while self.server.process.poll() is None and not self._end.wait(0.05):
                    self._hurry()
                self._finish()
            self._end.wait(0.1)

    def _hurry(self) -> None:
        """Odoo's cron workers give way to everybody: beside other tests they would never come."""
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PGRP, self.server.process.pid, 0)

    def _finish(self) -> None:
        if not self._end.is_set():
            end_group(self.server.process, patience=0.5)
        self.server.stop()

    def wait_ready(self, seconds: float = 120) -> None:
        deadline = time.monotonic() + seconds
        while not self.server.answers():
            if time.monotonic() > deadline:
                raise TimeoutError(f"Odoo did not answer in {seconds} s; see {self.log}")
            time.sleep(0.05)

    def restart(self, *options) -> None:
        """Kill everything and start with these options."""
        self.server.options = options
        before = self.restarts
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.server.process.pid, signal.SIGKILL)
        while self.restarts == before:
            time.sleep(0.02)
        self.wait_ready()


class Ticker(Background):
    """Lets all active scheduled actions have their turn at the same moment, again and again."""

    def __init__(self, database: str, seconds: float):
        super().__init__()
        self._database, self._seconds = database, seconds

    def _run(self) -> None:
        while not self._end.wait(self._seconds):
            with contextlib.suppress(psycopg2.Error):
                query(self._database, TRIGGER)
                query("postgres", f"NOTIFY cron_trigger, '{self._database}'")


# What `ir.cron._trigger` writes.
TRIGGER = """
INSERT INTO ir_cron_trigger (cron_id, call_at)
SELECT id, now() AT TIME ZONE 'UTC' FROM ir_cron WHERE active
"""

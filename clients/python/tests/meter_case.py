"""Meters on folders of their own, and a billing API that misbehaves."""

import logging
import os
import tempfile
import time
import unittest
from datetime import datetime, timedelta, timezone
from pathlib import Path
from unittest.mock import patch

from api_server import Api
from fusion_billing_client import Client, Meter, pauses

#: Where nobody waits for a disk; what tries the disk itself chooses another place.
QUICK = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
METRICS = {
    "calls": "sum",
    "seats": "max",
    "level": "last",
    "users": "unique_count",
    "jobs": "count",
}


class MeterCase(unittest.TestCase):
    def setUp(self):
        logging.getLogger("fusion_billing_client").addHandler(logging.NullHandler())
        self.enterContext(patch.object(pauses, "SHORTEST", 0.02))
        self.enterContext(patch.object(pauses, "LONGEST", 0.2))
        self.api = self.enterContext(Api())
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(dir=QUICK)), "spool")
        self.time = NOON

    def meter(self, **options):
        """A meter that is closed after the test; it sends when it is flushed."""
        options = {"spool": self.folder, "now": lambda: self.time, "write_every": 0.02} | options
        client = Client(options.pop("url", self.api.url), "fbk_test", timeout=5)
        meter = Meter(client, METRICS, **options)
        self.addCleanup(meter.close, 0.1)
        return meter

    def move(self, **span):
        self.time += timedelta(**span)

    def wait_until(self, condition, seconds=20):
        deadline = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), deadline, "it did not come about")
            time.sleep(0.01)

    def files(self):
        return sorted(path.suffix for path in self.folder.iterdir())

"""Counts one by one and notes it in a log, until it is killed.

    counting_app.py URL KEY SPOOL LOG HOUR NAME DISK

The log has a `b` before each recording, and a `d` after it, or an `f` if it was refused. The DISK
is `good`, or `bad`: full every now and then. Without an HOUR it only sends, until there is nothing
left, and ends.
"""

import logging
import mmap
import resource
import signal
import sys
import threading
import time
from datetime import datetime
from pathlib import Path

from fusion_billing_client import Client, Meter, MeterError, pauses

LOG = 2**21  # bytes


def main(url, key, spool, log, hour, name, disk):
    logging.disable()
    pauses.SHORTEST, pauses.LONGEST = 0.02, 0.2
    client, metrics = Client(url, key, timeout=10), {"api_calls": "sum"}
    meter = Meter(client, metrics, spool=spool, durable=True, send_every=0.05)
    print("ready", flush=True)
    if disk == "bad":
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        threading.Thread(target=fill_disk, daemon=True).start()
    if hour:
        count(meter, Log(log), hour, name)
    send(meter, Path(spool))


class Log:
    """In memory that outlives the process: it must not depend on the disk that is full."""

    def __init__(self, path):
        with open(path, "wb+") as file:
            file.truncate(LOG)
            self._bytes, self._end = mmap.mmap(file.fileno(), LOG), 0

    def write(self, letter):
        self._bytes[self._end] = ord(letter)
        self._end += 1


def fill_disk():
    """Let no file be written beyond its first page, time and again."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    while True:
        for limit, seconds in ((hard, 0.05), (4096, 0.05)):
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
            time.sleep(seconds)


def count(meter, log, hour, name):
    at = datetime.fromisoformat(hour)
    while True:
        log.write("b")
        try:
            meter.record("sub-00000", "api_calls", at=at, dimensions={"app": name})
        except MeterError:
            log.write("f")
            time.sleep(0.005)
        else:
            log.write("d")


def send(meter, folder):
    """Send all that any process left, and be the last file."""
    while len(list(folder.glob("*.sqlite"))) > 1 or meter.stats().waiting:
        time.sleep(0.05)
    meter.close()


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Counts one by one and notes it in a log, until it is killed.

    counting_app.py URL KEY SPOOL LOG HOUR NAME LIMIT

The log has a `b` before each recording, and a `d` after it, or an `f` if it was refused. No file
grows beyond LIMIT bytes, as on a full disk; 0 is no limit. Without an HOUR it only sends, until
there is nothing left, and ends.
"""

import logging
import os
import resource
import signal
import sys
import time
from datetime import datetime
from pathlib import Path

from fusion_billing_client import Client, Meter, MeterError, pauses


def main(url, key, spool, log, hour, name, limit):
    logging.disable()
    pauses.SHORTEST, pauses.LONGEST = 0.02, 0.2
    if int(limit):
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
    client, metrics = Client(url, key, timeout=10), {"api_calls": "sum"}
    meter = Meter(client, metrics, spool=spool, durable=True, send_every=0.05)
    print("ready", flush=True)
    if hour:
        count(meter, os.open(log, os.O_CREAT | os.O_APPEND | os.O_WRONLY), hour, name)
    send(meter, Path(spool))


def count(meter, note, hour, name):
    at = datetime.fromisoformat(hour)
    while True:
        os.write(note, b"b")
        try:
            meter.record("sub-00000", "api_calls", at=at, dimensions={"app": name})
        except MeterError:
            os.write(note, b"f")
            time.sleep(0.01)
        else:
            os.write(note, b"d")


def send(meter, folder):
    """Send all that any process left, and be the last file."""
    while len(list(folder.glob("*.sqlite"))) > 1 or meter.stats().waiting:
        time.sleep(0.05)
    meter.close()


if __name__ == "__main__":
    main(*sys.argv[1:])

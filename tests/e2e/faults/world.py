"""The world in which faults happen."""

import contextlib
import random
import time
from collections import Counter

import psutil

from devtools.console import say
from e2e.faults import strikes
from e2e.faults.billing import Billing
from e2e.faults.cluster import Cluster
from e2e.faults.disk import Disk, NotPermitted
from e2e.faults.stages import STAGES, catch

COME = 5  # seconds until somebody comes to a stage
RECOVER = 90  # seconds


class World(Billing):
    """Billing on a PostgreSQL server of its own, with a small disk.

    :raise TimeoutError: it does not recover, or come to rest
    """

    def __init__(self, seed):
        super().__init__(seed)
        self.rng = random.Random(str(seed))
        self.struck = Counter()  # by strike and stage

    def __enter__(self):
        super().__enter__()
        self.visitor = self.app(0)
        return self

    def move(self, stack):
        self.cluster = stack.enter_context(Cluster())
        self.cluster.take(self.database)
        self.disk, self.no_disk = None, ""
        try:
            self.disk = stack.enter_context(Disk(self.cluster.home, self.database))
        except NotPermitted as error:
            self.no_disk = str(error)

    # === WHAT STRIKES NEED === #

    def request_bytes(self, events) -> bytes:
        return strikes.request_of(self.key, events)

    def memory(self) -> int:
        """Bytes of address space of the largest worker."""
        return max(psutil.Process(pid).memory_info().vms for pid in self.service.server.worker_pids)

    # === FAULTS === #

    def strike(self, name: str, stage: str) -> None:
        """Let something go wrong while somebody is at a stage, and see the world recover."""
        begun = time.monotonic()
        while not self._try_to_strike(name, stage):
            if time.monotonic() > begun + RECOVER:
                raise TimeoutError(f"seed {self.seed}: {name} met nobody at {stage}")
            time.sleep(0.1)
        self.struck[name, stage] += 1
        self.wait_for_work()
        say(f"{name} at {stage}: {time.monotonic() - begun:.1f} s")

    def _try_to_strike(self, name, stage):
        with contextlib.suppress(*strikes.MISSED):
            if backend := catch(self.database, stage, COME):
                time.sleep(self.rng.choice((0, self.rng.random() / 10)))
                strikes.STRIKES[name](self, backend, stage)
                return True
        return False

    def wait_for_work(self) -> None:
        """Wait until billing acknowledges again what apps send."""
        enough, deadline = self.record.acknowledged + 2, time.monotonic() + RECOVER
        while self.record.acknowledged < enough:
            if time.monotonic() > deadline:
                raise TimeoutError(f"seed {self.seed}: no answers; see {self.service.log}")
            time.sleep(0.02)


#: Stages of what strikes only apps, or only the scheduled actions.
AT = {
    "leave_halfway": ("ingest",),
    "leave_before_answer": ("ingest",),
    "kill_cron_worker": ("rating", "invoicing", "posting", "delivery"),
}


def plan(rng, count: int, names: tuple) -> list[tuple[str, str]]:
    """So many strikes, each with a stage: every kind in turn, at any stage."""
    pairs = []
    for number in range(count):
        name = names[number % len(names)]
        pairs.append((name, rng.choice(AT.get(name, tuple(STAGES)))))
    rng.shuffle(pairs)
    return pairs

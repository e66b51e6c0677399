"""How scheduled actions report how far they are, and what a run of one comes to."""

import threading
from contextlib import contextmanager

_here = threading.local()


class Tally:
    """What a run has taken by now, and what of it failed.

    :ivar int taken: records, failed ones too
    :ivar set failed_ids: the ids of the records that failed, where somebody can be sent there
    :ivar int nameless: how many more failed
    """

    def __init__(self):
        self.taken = self.nameless = 0
        self.failed_ids = set()

    @property
    def failed(self):
        return len(self.failed_ids) + self.nameless

    @property
    def done(self):
        return max(0, self.taken - self.failed)


@contextmanager
def tallied():
    """Count what this thread does from here on, apart from what it counts already."""
    before = getattr(_here, "tally", None)
    _here.tally = Tally()
    try:
        yield _here.tally
    finally:
        _here.tally = before


def tally():
    """Return the :class:`Tally` of this thread's run; one that nobody reads outside of a run."""
    return getattr(_here, "tally", None) or Tally()


def commit_progress(env, processed, remaining, done=None):
    """Commit what a scheduled action has done and say whether it has time left.

    Outside of one the transaction is the caller's, and so is the commit.

    :param int done: how many of the processed count for the run; all, if not given: an action that
        looks at much, again and again, says of how much something came
    """
    if not env.context.get("ir_cron_progress_id"):
        return True
    seconds_left = env["ir.cron"]._commit_progress(processed, remaining=remaining)
    tally().taken += processed if done is None else done
    return seconds_left > 0

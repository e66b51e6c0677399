"""When usage is taken, from a subscription's phases written as a text.

The text and the zones say all that the answer depends on, so it can be remembered for as long as
it is of use: whatever changes in the database, a change makes another text, or other zones.
"""

from datetime import date
from functools import lru_cache

from .periods import Period
from .timeline import Phase, Timeline


def taken_spans(timeline, zones, kept_from=None):
    """Return the pairs of instants between which usage is taken.

    :param zones: a :class:`.zones.Zones`
    :param date kept_from: the first day whose counters are kept, if older ones were removed
    """
    first = kept_from or date.min
    days = (run for run in timeline.usage_days() if run.end > first)
    return tuple(zones.span(Period(max(run.start, first), run.end)) for run in days)


@lru_cache(maxsize=16384)
def read_spans(text, zones):
    """Do it for phases in a text, see :meth:`.zones.Zones.span`.

    :param str text: the first day whose counters are kept, if older ones were removed, and the
        phases in any order, such as ``2026-10-15|2026-10-01 active,2026-11-15 paused``; None:
        there is no phase
    :param zones: a :class:`.zones.Zones`
    """
    if not text:
        return ()
    kept_from, _, text = text.rpartition("|")
    phases = (phase.split(" ") for phase in text.split(","))
    timeline = Timeline.of(Phase(date.fromisoformat(day), None, state) for day, state in phases)
    return taken_spans(timeline, zones, kept_from and date.fromisoformat(kept_from))

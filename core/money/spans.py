"""When usage is taken, from a subscription's phases written as a text.

The text and the zones say all that the answer depends on, so it can be remembered for as long as
it is of use: whatever changes in the database, a change makes another text, or other zones.
"""

from datetime import date
from functools import lru_cache

from .timeline import Phase, Timeline


@lru_cache(maxsize=16384)
def read_spans(text, zones):
    """Return the pairs of instants between which usage is taken, see :meth:`.zones.Zones.span`.

    :param str text: the phases in any order, such as ``2026-10-01 active,2026-11-15 paused``;
        None: there is no phase
    :param zones: a :class:`.zones.Zones`
    """
    if not text:
        return ()
    phases = (phase.split(" ") for phase in text.split(","))
    timeline = Timeline.of(Phase(date.fromisoformat(day), None, state) for day, state in phases)
    return tuple(zones.span(days) for days in timeline.active())

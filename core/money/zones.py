"""The time zones in which a company's days begin, dated.

A company may move to another zone. What was a day's first instant by then stays so for ever;
later days begin at midnight of the new zone. So no instant lies in two days and none between
two, whatever is changed when (R2, T2).
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from .periods import local_date, local_midnight_utc

DAY = timedelta(days=1)
START = datetime(1, 1, 1)


@dataclass(frozen=True)
class Zones:
    """Pairs of (first instant, zone), in order; the first pair's instant is None: always.

    Instants are naive datetimes in UTC.
    """

    steps: tuple

    @classmethod
    def always(cls, name):
        """One zone that was never changed."""
        return cls(((None, name),))

    def at(self, instant):
        """The name of the zone in force at an instant."""
        return [name for since, name in self.steps if since is None or since <= instant][-1]

    def until(self, instant):
        """The same as it was known at an instant: without later moves."""
        return Zones(tuple(step for step in self.steps if step[0] is None or step[0] <= instant))

    def midnight(self, day):
        """The first instant of a local day, in the zone that was in force then.

        A day that would have begun before its zone was chosen begins with the zone.
        """
        instants = [
            max(local_midnight_utc(day, name), since or START) for since, name in self.steps
        ]
        untils = [since for since, _name in self.steps[1:]]
        begun = (
            instant for instant, until in zip(instants, untils, strict=False) if instant < until
        )
        return next(begun, instants[-1])

    def date_of(self, instant):
        """The local day that contains an instant: the inverse of the above."""
        day = local_date(instant, self.at(instant))
        while self.midnight(day + DAY) <= instant:
            day += DAY
        return day

    def bounds(self, period):
        """The first instants in and out of a run of days."""
        return self.midnight(period.start), self.midnight(period.end)

    def span(self, period):
        """Like :meth:`bounds`; a run of days without end has None as its second instant."""
        end = None if period.end == date.max else self.midnight(period.end)
        return self.midnight(period.start), end

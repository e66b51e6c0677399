"""What a process was asked, counted in its memory until somebody stores it."""

from threading import Lock

BOUNDS = (0.01, 0.03, 0.1, 0.3, 1, 3)  # seconds
STORED_EVERY = 5  # seconds


class Traffic:
    """Counts requests by service and status: how many, how long, with how many events."""

    def __init__(self):
        self._lock = Lock()
        self._counts, self._since = {}, {}

    def note(self, database, service_id, status, seconds, events, now):
        """Count a request; `now` is of a clock that never goes back."""
        within = (int(seconds <= bound) for bound in BOUNDS)
        with self._lock:
            self._since.setdefault(database, now)
            self._add(database, {(service_id, status): (1, events, seconds, *within)})

    def take(self, database, now):
        """Return what was counted if it is time to store it, and count anew.

        :return: `{(service id, status): (requests, events, seconds, within each bound…)}`
        """
        with self._lock:
            if now - self._since.get(database, now) < STORED_EVERY:
                return {}
            del self._since[database]
            return self._counts.pop(database)

    def give_back(self, database, counts, now):
        """Count again what could not be stored."""
        with self._lock:
            self._since.setdefault(database, now)
            self._add(database, counts)

    def _add(self, database, counts):
        own = self._counts.setdefault(database, {})
        for key, amounts in counts.items():
            known = own.get(key)
            own[key] = tuple(map(sum, zip(known, amounts, strict=True))) if known else amounts

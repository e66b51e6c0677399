"""Odoo's own program under a clock that others move; takes the arguments of `odoo`.

What asks for a date lives by that clock, through freezegun's `datetime`; what measures how long
something takes, such as limits and timeouts, goes by real time.
"""

import datetime
import os
import sys
from pathlib import Path

root = Path(__file__).parents[2]
sys.path[0] = str(root)  # an addon must not find modules in this folder

import freezegun.api  # noqa: E402

from devtools.clock import VARIABLE, SharedClock  # noqa: E402

sys.path.remove(str(root))


def live_by(clock: SharedClock) -> None:
    """Let all that is imported from here on ask this clock for the date."""
    freezegun.api.freeze_factories.append(clock.now)
    freezegun.api.tz_offsets.append(datetime.timedelta(0))
    freezegun.api.ignore_lists.append(())
    freezegun.api.tick_flags.append(True)
    datetime.datetime = freezegun.api.FakeDatetime
    datetime.date = freezegun.api.FakeDate


if __name__ == "__main__":
    live_by(SharedClock(Path(os.environ[VARIABLE])))

    import odoo.cli

    odoo.cli.main()

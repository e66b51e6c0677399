"""How much memory a process has taken at most, once its actions have rated and billed everybody.

As scheduled actions, which commit each set: what one transaction would hold is not asked.
"""

import resource

from e2e.in_odoo import crons
from e2e.in_odoo.bench import invoicing, rating


def measure(env) -> dict[str, float]:
    """:return: `{run: MiB}`"""
    start = _peak()
    rating.touch(env, 1)
    crons.run(env, [crons.RATING])
    rated = _peak()
    invoicing.use(env)
    crons.run(env, [crons.INVOICING])
    return {"a process that has started": start, "rating": rated, "rating and billing": _peak()}


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

"""How much memory a process has taken at most, once it has rated and billed everybody."""

import resource

from devtools.in_odoo.bench import invoicing, rating


def measure(env) -> dict[str, float]:
    """:return: `{run: MiB}`"""
    start = _peak()
    rating.touch(env, 1)
    rating.rate(env)
    rated = _peak()
    invoicing.bill(env)
    return {"a process that has started": start, "rating": rated, "rating and billing": _peak()}


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

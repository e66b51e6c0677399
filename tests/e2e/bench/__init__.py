"""`./dev bench`: how fast it is, each figure against a reference that is measured in the same run.

A round of one side takes turns with a round of the other, and the median of the rounds' ratios
counts, so that it means something wherever it was measured; the figures per second are this
machine's. A ratio that is missed by more than a tenth ends with an exit status.
"""

from devtools.console import DevError, say
from e2e.bench import age, dashboard, growth, ingest, invoicing, rating, webhooks
from e2e.bench.report import Report

PARTS = {
    "ingest": ingest.measure,
    "rating": rating.measure,
    "invoicing": invoicing.measure,
    "age": age.measure,
    "dashboard": dashboard.measure,
}
ON_REQUEST = {"growth": growth.measure}


def main(part: str | None) -> int:
    """Measure one part, or all but those that take very long.

    :return: exit status, 1 if a required figure is missed
    """
    if part == "webhooks":
        return webhooks.main()
    known = PARTS | ON_REQUEST
    if part not in (None, *known):
        raise DevError(f"there is no part {part}: choose one of {', '.join([*known, 'webhooks'])}")
    report = Report()
    for name in [part] if part else PARTS:
        say(f"── {name}")
        known[name](report)
    return report.verdict()

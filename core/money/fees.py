"""On which days a plan's fees are owed once a timeline is another one (F1)."""

from .periods import overlap


def begun(before, after):
    """The plans that begin anew, with their days: ``[(plan, Period)]``.

    Whoever was on a plan on one of those days keeps the fees that were agreed, whatever the plan
    brings by now.
    """
    was = before.days_by_plan()
    return [
        (plan, run)
        for plan, run in after.runs(lambda phase: phase.plan)
        if not any(overlap(run, days) for days in was[plan.id])
    ]


def followed(fee, was, now, following):
    """The days of a fee, a list of runs, once its plan holds on other days.

    What began or ended with the plan goes on doing so. What staff began or ended on days of their
    own stays as it is.

    :param Period fee: its days as they were
    :param was: the runs of days on the plan as they were, in order
    :param now: and as they are
    :param date following: from when on the same fee has other terms; FOREVER if never
    """
    start, end = fee
    for run in now:
        held = [days for days in was if overlap(days, run)]
        if end < run.end and end in [days.end for days in held]:
            later = [days.start for days in held if days.start >= end]
            end = min([run.end, following, *later])
        if held and start == held[0].start:
            start = min(start, run.start)
    return [days for run in now for days in overlap(run, (start, end))]

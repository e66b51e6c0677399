"""Mistakes to plant in dunning and collection, so that the random walk can show its teeth.

Each is one that somebody could make in a line or two; it holds for the block only.
"""

import importlib
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from odoo.fields import Domain

from .collection_case import ATTEMPT
from .dunning_case import CASE

MODELS = f"{__name__.rpartition('.tests')[0]}.models"


@contextmanager
def planted(env, name):
    """Break something for the block: a name of :data:`DEFECTS`."""
    with DEFECTS[name](env):
        yield


def method(env, model, name, broken):
    """Replace a method of a model, as the registry has it."""
    return patch.object(env.registry[model], name, broken)


def next_step(change):
    """Have the next step worked out from something else: `change` of what it is worked out from."""
    case = importlib.import_module(f"{MODELS}.dunning.case")
    original = case.next_step
    return patch.object(case, "next_step", lambda *said: original(*change(*said)))


def late_runs_give_no_time(_env):
    """After a late run all steps follow at once (T3)."""
    day = timedelta(days=1)

    def change(steps, oldest_due, taken, promised):
        return steps, oldest_due, taken and taken._replace(day=oldest_due - 1000 * day), promised

    return next_step(change)


def promises_are_forgotten(_env):
    """Who has promised to pay is dunned all the same."""
    return next_step(lambda steps, oldest_due, taken, _promised: (steps, oldest_due, taken, None))


def days_count_from_the_newest(env):
    """The days are counted from the due date of the newest unpaid invoice."""
    original = env.registry[CASE]._find_late

    def find_late(self):
        return {key: invoices[::-1] for key, invoices in original(self).items()}

    return method(env, CASE, "_find_late", find_late)


def steps_are_taken_while_it_is_charged(env):
    """A step follows before it is known what became of a charge."""
    return method(env, CASE, "_is_to_wait", lambda _self: False)


def a_charge_is_waited_for_for_ever(_env):
    """No step follows as long as it is not known what became of a charge."""
    run = importlib.import_module(f"{MODELS}.dunning.run")
    return patch.object(run, "WAIT", timedelta(days=1000))


def nothing_goes_on(env):
    """What was paused stays so when all is paid."""
    return method(env, CASE, "_resume_subscriptions", lambda _self: None)


def the_exempt_are_dunned(env):
    """An exemption does not end a case that is open."""
    return method(env, CASE, "_is_followed", lambda _self: True)


def disputed_is_late(env):
    """A disputed invoice makes its customer late."""
    original = env.registry["account.move"]._fusion_late_domain

    def late_domain(self, companies):
        return original(self, companies).map_conditions(
            lambda one: Domain.TRUE if one.field_expr == "fusion_is_disputed" else one
        )

    return method(env, "account.move", "_fusion_late_domain", late_domain)


def stolen_cards_are_charged_again(env):
    """A card that was declined for good is charged again."""
    return method(env, "payment.token", "_fusion_is_declined_for_good", lambda _self: False)


def called_off_is_sent(env):
    """A charge goes out though what is left to pay is another amount by now."""
    return method(env, ATTEMPT, "_is_wanted", lambda self: self.invoice_id.state == "posted")


def everybody_has_paid(env):
    """A case that ends without a payment is told to be paid."""
    return method(env, CASE, "_find_outcome", lambda _self: "paid")


def due_today_is_late(env):
    """An invoice is overdue on its due date already."""
    original = env.registry["account.move"]._fusion_late_domain

    def late_domain(self, companies):
        return original(self, companies).map_conditions(
            lambda one: (
                Domain("invoice_date_due", "<=", one.value)
                if one.field_expr == "invoice_date_due"
                else one
            )
        )

    return method(env, "account.move", "_fusion_late_domain", late_domain)


def fees_go_on_in_each_pause(env):
    """A pause for non-payment owes fees whatever the policy says."""
    actions = importlib.import_module(f"{MODELS}.dunning.actions")
    return patch.dict(
        actions.STATES, {(usage, False): actions.STATES[usage, True] for usage in (True, False)}
    )


DEFECTS = {
    defect.__name__: defect
    for defect in (
        late_runs_give_no_time,
        promises_are_forgotten,
        days_count_from_the_newest,
        steps_are_taken_while_it_is_charged,
        a_charge_is_waited_for_for_ever,
        nothing_goes_on,
        the_exempt_are_dunned,
        disputed_is_late,
        stolen_cards_are_charged_again,
        called_off_is_sent,
        everybody_has_paid,
        due_today_is_late,
        fees_go_on_in_each_pause,
    )
}

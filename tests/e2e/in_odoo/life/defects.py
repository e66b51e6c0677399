"""Defects to plant in the addon's code, so that the audit can show its teeth.

Each is a mistake that somebody could make in a line or two; it is patched into this process only.
"""

import importlib
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import replace
from decimal import ROUND_DOWN
from unittest.mock import patch

from e2e.in_odoo.life import NAMES

ADDON = "odoo.addons.fusion_billing"


@contextmanager
def planted(env, name):
    """Break something for the block: a name of :data:`DEFECTS`."""
    with DEFECTS[name](env):
        yield


def core(name):
    return importlib.import_module(f"{ADDON}.core.money.{name}")


def method(env, model, name, broken):
    """Replace a method of a model, as the registry has it; `broken` gets the original first."""
    cls = env.registry[model]
    original = getattr(cls, name)

    def called(self, *args, **kwargs):
        return broken(original, self, *args, **kwargs)

    for mark in ("_depends", "_onchange", "_constrains", "_api_private", "_api_model"):
        if hasattr(original, mark):
            setattr(called, mark, getattr(original, mark))
    return patch.object(cls, name, called)


# === WHAT IS OWED === #


def quota_begins_anew(_env):
    """Each stretch of a cut period gets the whole quota, minimum and flat amounts (R10)."""
    return patch.object(core("owed"), "_shared_terms", lambda terms, _share: terms)


def levels_in_full(_env):
    """Seats are billed in full in each stretch of a cut period (R10)."""
    owed = core("owed")
    original = owed.owe

    def owe(stretch, quantity=None):
        is_level = stretch.is_usage and stretch.source.aggregation in owed.LEVELS
        return original(replace(stretch, share=1) if is_level else stretch, quantity)

    return patch.object(owed, "owe", owe)


def newest_prices(_env):
    """A period is rated at the prices of now, not at those in force (T2)."""
    return patch.object(core("owed").Charge, "version_on", lambda self, _day: self.versions[-1])


def archived_is_forgotten(env):
    """A charge that is archived does not rate the days before (T2)."""

    def catalogue(original, self, currency):
        active = set(self.charge_ids.ids)
        return tuple(charge for charge in original(self, currency) if charge.id in active)

    return method(env, "fusion.billing.plan", "_catalogue", catalogue)


def pauses_are_owed(_env):
    """Fees go on in a pause (T1)."""
    timeline = core("timeline")

    def fee_days(self):
        runs = self.runs(lambda _phase: True, *timeline.LIVING)
        return [days for _value, days in runs]

    return patch.object(timeline.Timeline, "fee_days", fee_days)


def zone_of_now(env):
    """Days that have begun move with the company's new zone (R2)."""
    zones = core("zones")
    return method(
        env,
        "res.company",
        "_fusion_zones",
        lambda _original, self: zones.Zones.always(self.fusion_billing_tz),
    )


def cents_are_cut(_env):
    """Amounts are rounded down (M2)."""
    return patch.object(core("pricing"), "ROUND_HALF_UP", ROUND_DOWN)


def rate_of_the_run(env):
    """The exchange rate is that of the day on which the cron runs (T3)."""

    def currency_rate(original, self, charge, target, _day):
        return original(self, charge, target, charge.company_id._fusion_today())

    return method(env, "fusion.billing.rating", "_currency_rate", currency_rate)


def fees_of_the_old_plan_go_on(env):
    """A plan change swaps no fees (F1)."""
    return method(env, "sale.order", "_fusion_swap_fees", lambda _original, *_arguments: None)


# === THE LEDGER === #


def late_usage_is_lost(env):
    """Only the open period is rated; what came in for others is not (R9)."""
    return method(
        env,
        "fusion.billing.rating",
        "_windows",
        lambda original, self, subscription, requests, day=None: original(
            self, subscription, requests[:0], day
        ),
    )


def rows_stay(env):
    """What is not in force after all stays in the ledger (L1, T4)."""
    return method(
        env, "fusion.billing.rating", "_drop_unwanted", lambda _original, *_arguments: None
    )


def corrections_are_ignored(env):
    """A row that is there already is not written again (R9)."""
    store = importlib.import_module(f"{ADDON}.models.ledger.store")
    before, _update, _after = store.STORE.partition("DO UPDATE")
    return patch.object(store, "STORE", f"{before}DO NOTHING")


# === DOCUMENTS === #


def cancelled_settles(env):
    """What a cancelled document settled is not due again (L2)."""

    def compute(_original, self):
        for rating in self:
            rating.settled = sum(rating.invoice_line_ids.mapped("fusion_settled"))

    return method(env, "fusion.billing.rating", "_compute_settled", compute)


def credited_twice(_env):
    """A correction downwards is credited although staff have credited it already (L4)."""
    settlement = importlib.import_module(f"{ADDON}.models.ledger.settlement")
    due = core("due").due
    return patch.object(
        settlement, "next_amount", lambda owed, settled, waived, _borne: due(owed, settled, waived)
    )


def credit_notes_are_billed_again(_env):
    """A credit note of staff makes its rows due again (L4)."""
    lines = importlib.import_module(f"{ADDON}.models.invoicing.account_move_line")
    return patch.dict(lines.SETTLED_BY, {lines.CONCEDE: -1})


def replacement_settles_nothing(_env):
    """The new invoice of *Reverse and create invoice* is billed, and the run bills it again."""
    lines = importlib.import_module(f"{ADDON}.models.invoicing.account_move_line")
    return patch.dict(lines.SETTLED_BY, {lines.BILL_AGAIN: 0})


@contextmanager
def waivers_are_billed(_env):
    """What staff waived is billed all the same (L5)."""
    settlement = importlib.import_module(f"{ADDON}.models.ledger.settlement")
    rating = importlib.import_module(f"{ADDON}.models.ledger.rating")
    next_amount = core("due").next_amount

    def unwaived(owed, settled, _waived, borne):
        return next_amount(owed, settled, settled * 0, borne)

    with (
        patch.object(settlement, "next_amount", unwaived),
        patch.object(rating, "DUE_AMOUNT", rating.DUE_AMOUNT.replace("%(waived)s", "0")),
    ):
        yield


def one_offs_ride_again(env):
    """One-off lines are billed with every document."""

    def none_invoiced(_original, _self):
        return defaultdict(float)

    return method(env, "sale.order.line", "_prepare_qty_invoiced", none_invoiced)


def late_rows_wait_for_ever(env):
    """Corrections are on no document (R9)."""

    def amounts(original, self, day):
        found = original(self, day)
        return {
            order: {row: amount for row, amount in rows.items() if not row.settled}
            for order, rows in found.items()
        } | {order: {} for order in self if order not in found}

    return method(env, "sale.order", "_fusion_amounts_due", amounts)


DEFECTS = {name: globals()[name] for name in NAMES}

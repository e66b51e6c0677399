from itertools import pairwise
from typing import Any, NamedTuple

from odoo import models
from odoo.exceptions import UserError

from ...core.money.timeline import ACTIVE, DAY, FOREVER, UNPAIDS

TERMS = ("quantity", "price_unit", "discount")


class Planned(NamedTuple):
    """A change that is to come.

    :param str kind: `plan` or `state`, which begin with a phase; `fee` and `fee_end`, of an item
    :param record: the phase, or the item
    """

    kind: str
    record: Any
    day: Any


def _planned_state(phase):
    """What somebody has planned: nobody plans a pause for non-payment."""
    return ACTIVE if phase.state in UNPAIDS else phase.state


class SaleOrder(models.Model):
    """What is planned for a subscription, change by change, and how each is taken back (T1)."""

    _inherit = "sale.order"

    def _fusion_planned_one_by_one(self):
        """Return the changes that are to come, by day: a list of `Planned`."""
        self.ensure_one()
        # sudo: what is planned does not depend on who looks.
        order = self.sudo()
        changes = [*order._fusion_planned_phases(), *order._fusion_planned_fees()]
        first = order._fusion_last_begun()
        return sorted(
            (change for change in changes if change.day > first), key=lambda change: change.day
        )

    def _fusion_last_begun(self):
        """Return the last day on which what begins has begun: today, or the first day."""
        return max(self._fusion_today(), self._fusion_timeline().start)

    def _fusion_planned_phases(self):
        for before, phase in pairwise(self.fusion_phase_ids.sorted("date_from")):
            if phase.plan_id != before.plan_id and phase.state != "closed":
                yield Planned("plan", phase, phase.date_from)
            if _planned_state(phase) != _planned_state(before):
                yield Planned("state", phase, phase.date_from)

    def _fusion_planned_fees(self):
        """Yield when fees begin, change and end; not what begins and ends with its plan (F1)."""
        by_plan = self._fusion_timeline().days_by_plan()
        for items in self.fusion_item_ids.grouped("order_line_id").values():
            runs = by_plan[items.plan_fee_id.plan_id.id]
            bounds = {day for days in runs for day in (days.start, days.end)}
            chain = items._chain().sorted("date_from")
            for before, item in pairwise([chain.browse(), *chain, chain.browse()]):
                if before.date_until and before.date_until not in bounds | {item.date_from}:
                    yield Planned("fee_end", before, before.date_until)
                if item and item.date_from not in bounds and not item._goes_on_from(before):
                    yield Planned("fee", item, item.date_from)

    # === TAKING BACK === #

    def _fusion_take_back_planned(self, kind, record):
        """Take back one change: what was in force before it goes on.

        :param kind: and `record`: see `Planned`
        :raise UserError: it has begun
        """
        match kind:
            case "state" if record.date_from == self._fusion_timeline().end:
                self._fusion_keep_open()
            case "plan" | "state":
                self._fusion_take_back(record, kind)
            case "fee":
                self._fusion_take_back_fee(record)
            case "fee_end":
                self._fusion_take_back_fee_end(record)

    def _fusion_check_to_come(self, day):
        """:raise UserError: what begins on this day has begun"""
        if day <= self._fusion_last_begun():
            raise UserError(
                self.env._(
                    "You cannot take back what has begun already: make another change instead."
                )
            )

    def _fusion_take_back_fee(self, item):
        self._fusion_timeline_to_change()
        line, day, until = item.order_line_id, item.date_from, item.date_until
        self._fusion_check_to_come(day)
        before = item._chain().filtered(lambda one: one.date_until == day)
        item._take_back()
        before.date_until = until
        self._fusion_fee_taken_back(line, day)

    def _fusion_take_back_fee_end(self, item):
        self._fusion_timeline_to_change()
        line, day = item.order_line_id, item.date_until
        self._fusion_check_to_come(day)
        days = self._fusion_days_of_fee(line, day - DAY)
        until = min(days.end, item._chain()._next_start(day))
        item.date_until = until if until != FOREVER else False
        self._fusion_fee_taken_back(line, day)

    def _fusion_fee_taken_back(self, line, day):
        self._fusion_fees_changed(
            line,
            day,
            self.env._(
                "Taken back: what was planned for %(fee)s from %(day)s on",
                fee=line.product_id.display_name,
                day=self._fusion_format(day),
            ),
        )


class FusionBillingItem(models.Model):
    """Whether an item changes anything."""

    _inherit = "fusion.billing.item"

    def _goes_on_from(self, before):
        """Whether this is what an item before it was, without a day between."""
        return before.date_until == self.date_from and all(
            before[name] == self[name] for name in TERMS
        )

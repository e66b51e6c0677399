from contextlib import contextmanager

from odoo import api, fields, models
from odoo.fields import Domain

from ...core.money.due import due
from ...core.money.exact import ZERO
from ...core.money.timeline import CLOSED
from ..base.rehearsal import rehearsal


class SaleOrder(models.Model):
    """An end without a refund: what it would give back of what was billed is waived (L5)."""

    _inherit = "sale.order"

    @contextmanager
    def _fusion_refunding(self, refund):
        # sudo: the ledger is written by its own methods alone.
        ratings, is_moved = self.env["fusion.billing.rating"].sudo(), self._fusion_timeline().end
        if refund and not ratings._withheld_of(self):
            yield
            return
        before = self._fusion_due_back_anyway() if is_moved else self._fusion_due_back()
        yield
        if is_moved:  # what another end held back is its affair no more
            ratings._withheld_of(self)._withhold(ZERO)
        if not refund:
            for number, amount in self._fusion_due_back().items():
                ratings.browse(number)._withhold(min(amount - before.get(number, ZERO), ZERO))

    def _fusion_set_timeline(self, timeline):
        end = self._fusion_has_begun() and self._fusion_timeline().end
        super()._fusion_set_timeline(timeline)
        if end and timeline.on(end).state != CLOSED:
            # sudo: the ledger is written by its own methods alone.
            self.env["fusion.billing.rating"].sudo()._withheld_of(self)._withhold(ZERO)

    def _fusion_reopen(self, date=None):
        super()._fusion_reopen(date)
        # sudo: the ledger is written by its own methods alone.
        self.env["fusion.billing.rating"].sudo()._owe_no_day_twice(self.sudo())

    def _fusion_due_back_anyway(self):
        """Return what would be due back without the end that is planned."""
        with rehearsal(self) as order:
            order._fusion_set_timeline(order._fusion_timeline().kept_open())
            return order._fusion_due_back()

    def _fusion_due_back(self):
        """Return what is due back by now: `{id of a row of the ledger: Decimal below zero}`."""
        # sudo: rating alone writes the ledger, whoever asks for it.
        ratings = self.env["fusion.billing.rating"].sudo()
        ratings._rate_requested(self.sudo())
        rows = ratings.search([("subscription_id", "in", self.ids), ("due", "<", 0)])
        exact = rows._read_exact(["amount", "settled", "waived"])
        return {row.id: due(*exact[row.id].values()) for row in rows}


class FusionBillingRating(models.Model):
    """What an end without a refund holds back: a part of what is waived."""

    _inherit = "fusion.billing.rating"

    withheld = fields.Monetary(
        readonly=True,
        technical=True,
        help="What an end without a refund does not give back, below zero: a part of what is"
        " waived.",
    )

    _withheld_idx = models.Index("(subscription_id) WHERE withheld < 0")

    @api.model
    def _withheld_of(self, subscriptions):
        return self.search([("subscription_id", "in", subscriptions.ids), ("withheld", "<", 0)])

    @api.model
    def _rated(self, subscriptions):
        self._withheld_of(subscriptions)._follow_owed()
        return super()._rated(subscriptions)

    def _follow_owed(self):
        """Hold back no more than would be given back: who goes on owes their days again."""
        exact = self._read_exact(["amount", "settled", "waived", "withheld"])
        for rating in self:
            row = exact[rating.id]
            held = _held_back(row["waived"], row["withheld"])
            left = max(held, min(row["amount"] - row["settled"], ZERO))
            if left != held or not held:
                rating._withhold(left)

    @api.model
    def _owe_no_day_twice(self, subscription):
        """Give back what was held back of days that are owed again: of the billing period in which
        somebody comes back.
        """
        timeline = subscription._fusion_timeline()
        day = timeline.fee_days()[-1].start
        full = timeline.period_on(day).full
        held = self._withheld_of(subscription).filtered(
            lambda row: row.item_id and full.start <= row.date_from < full.end
        )
        if held:
            self._rate_requested(subscription)
        for line, rows in held.grouped(lambda row: row.item_id.order_line_id).items():
            owed = self.search(
                Domain("subscription_id", "=", subscription.id)
                & Domain("item_id", "in", line.fusion_item_ids.ids)
                & Domain("date_from", ">=", day)
                & Domain("date_from", "<", full.end)
            )
            rows._give_back_of_held((owed - rows)._read_exact(["amount", "settled"]).values())

    def _give_back_of_held(self, owed):
        """Hold back less of these rows, in all by what is owed on others and not billed."""
        left = sum((max(row["amount"] - row["settled"], ZERO) for row in owed), ZERO)
        exact = self._read_exact(["waived", "withheld"])
        for rating in self.sorted("date_from", reverse=True):
            held = _held_back(**exact[rating.id])
            given = min(left, -held)
            rating._withhold(held + given)
            left -= given

    def _withhold(self, amount):
        """Let an end hold back an amount of each of these rows, instead of what one did before.

        A bill that staff waived has no say while days are due back, and has its say again after:
        `withheld` is what the end changes of `waived`, so that theirs is always known.

        :param Decimal amount: zero or below
        """
        exact = self._read_exact(["waived", "withheld"])
        for rating in self:
            staffs = exact[rating.id]["waived"] - exact[rating.id]["withheld"]
            waived = min(staffs, ZERO) + amount if amount else staffs
            reason = self.env._("It ended without a refund.") if amount else False
            rating.write(
                {
                    "waived": float(waived),
                    "withheld": float(waived - staffs),
                    "waive_reason": reason or (waived and rating.waive_reason),
                }
            )

    def _waive(self, reason):
        self.filtered("withheld")._follow_owed()  # of what was billed, not of what is to be
        return super()._waive(reason)

    def _take_back_waiver(self):
        self.write({"withheld": 0})
        return super()._take_back_waiver()


def _held_back(waived, withheld):
    """Return what an end holds back of a row of which this is waived: zero or below."""
    staffs = waived - withheld
    return min(waived - min(staffs, ZERO), ZERO)

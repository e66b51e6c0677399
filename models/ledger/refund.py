from contextlib import contextmanager

from odoo import api, fields, models

from ...core.money.due import due
from ...core.money.exact import ZERO


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
        before = self._fusion_due_back()
        yield
        if is_moved:  # what another end held back is its affair no more
            ratings._withheld_of(self)._withhold(ZERO)
        if not refund:
            for rating, amount in self._fusion_due_back().items():
                rating._withhold(min(amount - before.get(rating, ZERO), ZERO))

    def _fusion_due_back(self):
        """Return what is due back by now: `{row of the ledger: Decimal below zero}`."""
        # sudo: rating alone writes the ledger, whoever asks for it.
        ratings = self.env["fusion.billing.rating"].sudo()
        ratings._rate_requested(self.sudo())
        rows = ratings.search([("subscription_id", "in", self.ids), ("due", "<", 0)])
        exact = rows._read_exact(["amount", "settled", "waived"])
        return {row: due(*exact[row.id].values()) for row in rows}


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
        exact = self._read_exact(["amount", "settled", "withheld"])
        for rating in self:
            row = exact[rating.id]
            left = max(row["withheld"], min(row["amount"] - row["settled"], ZERO))
            if left != row["withheld"]:
                rating._withhold(left)

    def _withhold(self, amount):
        """Let an end hold back an amount of each of these rows, instead of what one did before.

        :param Decimal amount: zero or below
        """
        exact = self._read_exact(["waived", "withheld"])
        for rating in self:
            waived = exact[rating.id]["waived"] - exact[rating.id]["withheld"] + amount
            reason = self.env._("It ended without a refund.") if amount else False
            rating.write(
                {
                    "waived": float(waived),
                    "withheld": float(amount),
                    "waive_reason": reason or (waived and rating.waive_reason),
                }
            )

    def _take_back_waiver(self):
        self.write({"withheld": 0})
        return super()._take_back_waiver()

from decimal import Decimal
from fractions import Fraction

from odoo import api, fields, models

from ...core.money.periods import Period
from ..base.wording import format_period
from ..catalog.breakdown_wording import BreakdownWords
from ..catalog.price_wording import format_price


class FusionBillingRating(models.Model):
    """A rating as people read it: like a receipt, every digit of it."""

    _inherit = "fusion.billing.rating"

    period = fields.Char("Billing Period", compute="_compute_period")
    receipt = fields.Html(compute="_compute_receipt", sanitize=False)

    # === COMPUTE METHODS === #

    @api.depends("period_start", "period_end")
    @api.depends_context("lang")
    def _compute_period(self):
        for rating in self:
            rating.period = format_period(self.env, rating.period_start, rating.period_end)

    @api.depends("breakdown", "amount", "currency_rate", "share")
    @api.depends_context("lang")
    def _compute_receipt(self):
        for rating in self:
            rating.receipt = self.env["ir.qweb"]._render(
                "fusion_billing.rating_receipt", rating._prepare_receipt(),
            )

    # === ACTIONS === #

    def action_view_usage(self):
        """Open the counters that this rating combines."""
        self.ensure_one()
        counters = self.env["fusion.billing.usage"]._counters(*self._targets())
        action = self.env["ir.actions.actions"]._for_xml_id(
            "fusion_billing.fusion_billing_usage_action",
        )
        return dict(action, context={}, domain=[("id", "in", counters.ids)])

    # === RECEIPT === #

    def _prepare_receipt(self):
        """Return what the receipt's template shows; all numbers are formatted texts."""
        self.ensure_one()
        words = BreakdownWords(self.env, self.charge_currency_id)
        return {
            **words.facts(self.breakdown or {}),
            "share": self._describe_share(),
            "exchange": self._describe_exchange(),
            "total": format_price(self.env, Decimal(str(self.amount)), self.currency_id),
        }

    def _describe_share(self):
        """Say how quota, minimum and maximum were cut to a part of a billing period."""
        if Fraction(self.share) == 1:
            return ""
        return self.env._(
            "Quota, minimum and maximum for %(days)s days: %(share)s of a full billing period",
            days=Period(self.period_start, self.period_end).days, share=self.share,
        )

    def _describe_exchange(self):
        """Say at which rate the exact amount was turned into the order's currency."""
        own, other = self.charge_currency_id, self.currency_id
        if own == other:
            return ""
        rate = self._read_exact(["currency_rate"])[self.id]["currency_rate"]
        return self.env._(
            "%(own)s = %(other)s", own=format_price(self.env, Decimal(1), own),
            other=format_price(self.env, rate.normalize(), other),
        )

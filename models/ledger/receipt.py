from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace

from odoo import api, fields, models

from ...core.money.periods import Period
from ..base.wording import format_period, format_quantity
from ..catalog.breakdown_wording import BreakdownWords
from ..catalog.price_wording import format_price


class FusionBillingRating(models.Model):
    """A row of the ledger as people read it: like a receipt, every digit of it."""

    _inherit = "fusion.billing.rating"

    period = fields.Char("Billing Period", compute="_compute_period")
    receipt = fields.Html(compute="_compute_receipt", sanitize=False)

    # === COMPUTE METHODS === #

    @api.depends("date_from", "date_until")
    @api.depends_context("lang")
    def _compute_period(self):
        for rating in self:
            rating.period = format_period(self.env, rating.date_from, rating.date_until)

    @api.depends("breakdown", "amount", "currency_rate", "share", "item_id")
    @api.depends_context("lang")
    def _compute_receipt(self):
        for rating in self:
            rating.receipt = self.env["ir.qweb"]._render(
                "fusion_billing.rating_receipt", rating._prepare_receipt()
            )

    # === ACTIONS === #

    def action_view_usage(self):
        """Open the counters that this rating combines."""
        self.ensure_one()
        counters = self.env["fusion.billing.usage"]._counters(self._counted())
        action = self.env["ir.actions.actions"]._for_xml_id(
            "fusion_billing.fusion_billing_usage_action"
        )
        return dict(action, context={}, domain=[("id", "in", counters.ids)])

    def _counted(self):
        """Return what aggregation must know to find the counters again: see `target.Target`."""
        return SimpleNamespace(
            subscription=self.subscription_id,
            stretch=SimpleNamespace(source=SimpleNamespace(metric=self.metric_id.id)),
            spans=((self.starts_at, self.ends_at),),
            full_seconds=int(self.full_seconds),
            usage_filter=self.usage_filter or None,
            other_filters=self.other_filters or None,
        )

    # === RECEIPT === #

    def _prepare_receipt(self):
        """Return what the receipt's template shows; all numbers are formatted texts."""
        self.ensure_one()
        words = BreakdownWords(self.env, self.charge_currency_id)
        return {
            **words.facts(self.breakdown or {}),
            "fee": self.item_id and self.breakdown and self._describe_fee(),
            "share": self._describe_share(),
            "exchange": self._describe_exchange(),
            "total": format_price(self.env, Decimal(str(self.amount)), self.currency_id),
        }

    def _describe_fee(self):
        """Say what a full billing period of a recurring fee costs: `3 × $10.00, 5 % off`."""
        # sudo: whoever may read the ledger reads what it explains.
        item = self.item_id.sudo()
        exact = item._read_exact(["quantity", "price_unit", "discount"])[item.id]
        words = {
            "quantity": format_quantity(self.env, exact["quantity"]),
            "price": format_price(self.env, exact["price_unit"].normalize(), self.currency_id),
            "discount": format_quantity(self.env, exact["discount"]),
        }
        if exact["discount"]:
            return self.env._("%(quantity)s × %(price)s, %(discount)s %% off", **words)
        return self.env._("%(quantity)s × %(price)s", **words)

    def _describe_share(self):
        """Say how quota, minimum and maximum were cut to a part of a billing period.

        Where the amount is shared out, a line of the breakdown says it.
        """
        lines = (self.breakdown or {}).get("lines", ())
        if Fraction(self.share) == 1 or any(line["kind"] == "share" for line in lines):
            return ""
        return self.env._(
            "Quota, minimum and maximum for %(days)s days: %(share)s of a full billing period",
            days=Period(self.date_from, self.date_until).days,
            share=self.share,
        )

    def _describe_exchange(self):
        """Say at which rate the exact amount was turned into the order's currency."""
        own, other = self.charge_currency_id, self.currency_id
        if own == other:
            return ""
        # A row that is only worked out, for somebody to look at, is not stored.
        stored = self._read_exact(["currency_rate"]).get(self.id)
        rate = stored["currency_rate"] if stored else Decimal(repr(self.currency_rate))
        return self.env._(
            "%(own)s = %(other)s",
            own=format_price(self.env, Decimal(1), own),
            other=format_price(self.env, rate.normalize(), other),
        )

from decimal import Decimal
from fractions import Fraction

from odoo import api, fields, models

from ..core.periods import Period
from .price_wording import format_price
from .wording import format_period, format_quantity


class FusionBillingRating(models.Model):
    """A rating as people read it: like a receipt, every digit of it."""

    _inherit = "fusion.billing.rating"

    period = fields.Char("Billing Period", compute="_compute_period")
    amount_to_invoice = fields.Monetary(
        "To Invoice", compute="_compute_amount_to_invoice",
        help="What the next invoice bills, or credits if it is negative.",
    )
    receipt = fields.Html(compute="_compute_receipt", sanitize=False)

    # === COMPUTE METHODS === #

    @api.depends("period_start", "period_end")
    @api.depends_context("lang")
    def _compute_period(self):
        for rating in self:
            rating.period = format_period(self.env, rating.period_start, rating.period_end)

    @api.depends("amount", "amount_invoiced")
    def _compute_amount_to_invoice(self):
        for rating in self:
            rating.amount_to_invoice = rating.amount - rating.amount_invoiced

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
        counters = self.env["fusion.billing.usage"]._counters(self._target())
        action = self.env["ir.actions.actions"]._for_xml_id(
            "fusion_billing.fusion_billing_usage_action",
        )
        return dict(action, context={}, domain=[("id", "in", counters.ids)])

    # === RECEIPT === #

    def _prepare_receipt(self):
        """Return what the receipt's template shows; all numbers are formatted texts.

        The breakdown is that of `core.pricing.PricedAmount`.
        """
        self.ensure_one()
        breakdown = self.breakdown or {}
        return {
            "rating": self,
            "quantities": {
                name: self._format_units(breakdown[name])
                for name in ("quantity", "included_quota", "billable") if name in breakdown
            },
            "share": self._describe_share(),
            "lines": [
                {
                    "description": self._describe_line(line),
                    "amount": self._format_money(line["amount"]),
                }
                for line in breakdown.get("lines", ())
            ],
            "exact": self._format_money(breakdown.get("amount", "0")),
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

    def _describe_line(self, line):
        """Say in words how one line of a breakdown comes to its amount.

        :param dict line: one of the `lines` of a breakdown
        """
        describe = getattr(self, f"_describe_{line['kind']}")
        words = {
            "units": self._format_units(line.get("units")),
            "unit_batch": self._format_units(line.get("unit_batch")),
            "batches": self._format_units(line.get("batches")),
            "rate": self._format_units(line.get("rate")),
            "unit_amount": self._format_money(line.get("unit_amount")),
            "minimum": self._format_money(line.get("minimum")),
            "maximum": self._format_money(line.get("maximum")),
        }
        return self._describe_tier(line) + describe(line, words)

    def _describe_tier(self, line):
        if "tier" not in line:
            return ""
        above, up_to = self._format_units(line["above"]), self._format_units(line["up_to"])
        if not line["up_to"]:
            return self.env._("Tier %(tier)s (above %(above)s): ", tier=line["tier"], above=above)
        return self.env._(
            "Tier %(tier)s (above %(above)s, up to %(up_to)s): ",
            tier=line["tier"], above=above, up_to=up_to,
        )

    def _describe_usage(self, line, words):
        if "rate" in line:
            return self.env._("%(rate)s %% of %(units)s", **words)
        if "batches" in line:
            return self.env._(
                "%(units)s in %(batches)s batches of %(unit_batch)s, at %(unit_amount)s each",
                **words,
            )
        if line.get("unit_batch", "1") != "1":
            return self.env._("%(units)s at %(unit_amount)s per %(unit_batch)s", **words)
        return self.env._("%(units)s at %(unit_amount)s each", **words)

    def _describe_flat(self, _line, _words):
        return self.env._("Flat amount")

    def _describe_fixed(self, _line, _words):
        return self.env._("Fixed fee")

    def _describe_true_up(self, _line, words):
        return self.env._("True-up to the minimum of %(minimum)s", **words)

    def _describe_cap(self, _line, words):
        return self.env._("Cap at the maximum of %(maximum)s", **words)

    def _format_units(self, text):
        return format_quantity(self.env, Decimal(text)) if text else ""

    def _format_money(self, text):
        return format_price(self.env, Decimal(text), self.charge_currency_id) if text else ""

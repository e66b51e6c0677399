from decimal import Decimal

from babel.numbers import format_currency

from odoo import api, fields, models
from odoo.tools.misc import babel_locale_parse, get_lang

from .wording import format_quantity


def format_price(env, amount, currency):
    """Write an exact amount of money, no digit lost: `$0.0005`.

    :param Decimal amount: in the currency's main unit
    :param currency: a `res.currency` record
    """
    locale = babel_locale_parse(get_lang(env).code)
    return format_currency(amount, currency.name, locale=locale, decimal_quantization=False)


class FusionBillingCharge(models.Model):
    """How a charge reads to people who set prices."""

    _inherit = "fusion.billing.charge"

    price_summary = fields.Char(
        "In Words", compute="_compute_price_summary",
        help="What this charge costs a customer in each billing period.",
    )

    @api.depends(
        "metric_id.name", "charge_model", "included_quota", "price_per_unit", "unit_batch",
        "currency_id",
    )
    @api.depends_context("lang")
    def _compute_price_summary(self):
        for charge in self:
            complete = charge.metric_id and charge.currency_id
            charge.price_summary = complete and ", ".join(
                filter(None, (charge._describe_included(), charge._describe_price())),
            )

    def _describe_included(self):
        """Say what is free: `10,000 API calls included`."""
        self.ensure_one()
        if not self.included_quota:
            return ""
        return self.env._(
            "%(quota)s %(metric)s included",
            quota=self._format_units(self.included_quota), metric=self.metric_id.name,
        )

    def _describe_price(self):
        """Say what the rest costs; a charge model that needs other words extends this."""
        self.ensure_one()
        if not self.price_per_unit:
            return self.env._("nothing more is billed")
        words = {
            "price": format_price(self.env, Decimal(str(self.price_per_unit)), self.currency_id),
            "batch": self._format_units(self.unit_batch),
        }
        if self.charge_model == "package":
            return self.env._("then %(price)s for each started %(batch)s", **words)
        if self.unit_batch == 1:
            return self.env._("then %(price)s each", **words)
        return self.env._("then %(price)s per %(batch)s, pro rata", **words)

    def _format_units(self, number):
        return format_quantity(self.env, Decimal(str(number)))

from odoo import models
from odoo.tools import format_date

from ...core.money.pricing import TIERED_MODELS
from .price_wording import PriceWords


class FusionBillingPlan(models.Model):
    """What the usage of a plan costs, as customers read it before they sign and afterwards."""

    _inherit = "fusion.billing.plan"

    def _recurrence_in_words(self):
        """Say how often this plan is billed: `every month`, `every 3 months`."""
        self.ensure_one()
        number, unit = self.billing_period_value, self.billing_period_unit
        if number == 1:
            return {
                "week": self.env._("every week"),
                "month": self.env._("every month"),
                "year": self.env._("every year"),
            }[unit]
        return {
            "week": self.env._("every %s weeks", number),
            "month": self.env._("every %s months", number),
            "year": self.env._("every %s years", number),
        }[unit]

    def _price_table(self, day=None, currency=None):
        """Return what the template `fusion_billing.price_table` shows, in the language of `self`.

        :param date day: the prices of which day; today, if empty
        :param currency: of the subscription; the company's, if empty
        :return: a dict for each charge: `metric`, `filter`, `included`, `manner`, `prices`,
            `bounds` and `later`; all are texts, the last three lists of them
        """
        self.ensure_one()
        # sudo: customers and salespeople read what a plan costs, and no more of it.
        plan = self.sudo()
        day = day or plan.company_id._fusion_today()
        charges = plan._charges_for(currency or plan.company_id.currency_id, day)
        return [charge._price_row(day) for charge in charges]


class FusionBillingCharge(models.Model):
    """One row of the price table."""

    _inherit = "fusion.billing.charge"

    def _price_row(self, day):
        version = self._version_at(day)
        later = self.version_ids.filtered(
            lambda other: other.valid_from and other.valid_from > day
        ).sorted("valid_from")
        return {
            "metric": self.metric_id.name,
            "filter": self.filter_summary,
            **PriceRow(version, self).texts(),
            "later": [
                self.env._(
                    "From %(day)s: %(price)s",
                    day=format_date(self.env, other.valid_from),
                    price=other.terms_in_words,
                )
                for other in later
            ],
        }


class PriceRow(PriceWords):
    """Says what the terms of a charge cost in a table, a line for each tier."""

    def texts(self):
        is_tiered, quota = self.terms.charge_model in TIERED_MODELS, self.terms.included_quota
        return {
            "included": self._units(quota) if quota else "",
            "manner": self._manner() if is_tiered else "",
            "prices": [*self._rows()] if is_tiered else [self._price()],
            "bounds": [*self._bounds()],
        }

    def _rows(self):
        above = 0
        for tier in self.terms.tier_ids.sorted():
            words = {"price": self._tier_price(tier)}
            if tier.up_to:
                yield self.env._(
                    "Up to %(up_to)s: %(price)s", up_to=self._units(tier.up_to), **words
                )
            else:
                yield self.env._("Above %(above)s: %(price)s", above=self._units(above), **words)
            above = tier.up_to

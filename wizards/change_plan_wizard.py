from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import groupby

from ..models.base.bounded import YEARS, Day
from ..models.base.wording import format_quantity
from ..models.catalog.price_wording import format_price


class ChangePlanWizard(models.TransientModel):
    """Asks for the next plan of subscriptions, and for its first day."""

    _name = "fusion.billing.change.plan.wizard"
    _description = "Change the Plan of a Subscription"
    _inherit = ["fusion.billing.bulk.mixin"]
    _answers = ("plan_id", "date")
    _opened_by = "fusion_billing.change_plan_wizard_action"

    company_id = fields.Many2one(related="subscription_id.company_id", related_sudo=False)
    current_plan_id = fields.Many2one(related="subscription_id.fusion_plan_id", related_sudo=False)
    period_end = fields.Date(related="subscription_id.fusion_next_invoice_date", related_sudo=False)
    plan_id = fields.Many2one(
        "fusion.billing.plan",
        "New Plan",
        required=True,
        ondelete="cascade",
        domain="[('company_id', '=', company_id)]",
    )
    date = Day(
        "From",
        compute="_compute_date",
        compute_sudo=False,
        store=True,
        precompute=True,
        readonly=False,
        help="First day on the new plan. Days that are billed already come to a difference.",
    )

    @api.depends("plan_id")
    def _compute_date(self):
        """Propose today; a plan with another billing period begins when the open one ends.

        Of many subscriptions, each has a day of its own, unless one is chosen for all.
        """
        for wizard in self:
            is_one = not wizard.subscription_ids
            wizard.date = is_one and wizard.plan_id and wizard._propose_date()

    def _propose_date(self):
        timeline = self.subscription_id._fusion_timeline()
        today = max(self.subscription_id._fusion_today(), timeline.start)
        period = timeline.period_on(today)
        if not period or self.plan_id._key().recurs_like(timeline.on(today).plan):
            return today
        return period.end if period.end.year in YEARS else today

    def action_preview(self):
        """Work out what many subscriptions come to, and show it."""
        return self._preview()

    def action_change_plan(self):
        return self._confirm()

    def _apply(self, order):
        order._fusion_change_plan(self.plan_id.with_env(order.env), self.date or None)

    def _timeline(self):
        timeline = self.subscription_id._fusion_timeline()
        if not self.plan_id or not self.date or self.date < timeline.start:
            return None
        return timeline.with_plan(self.date, self.plan_id._key())

    def _first_day(self):
        return self.date

    def _terms(self):
        """Say what the plan of the day before the change costs, and what the new one does."""
        plans = (self.subscription_id._fusion_get_plan(self.date), self.plan_id)
        prices = [self._prices(plan) for plan in plans]
        return [
            (self.env._("Plan"), *(plan.display_name for plan in plans)),
            (self.env._("Fees of the plan"), *map(self._fees, plans)),
            *(
                (subject, *(side.get(subject, self.env._("Not billed")) for side in prices))
                for subject in dict.fromkeys(subject for side in prices for subject in side)
            ),
        ]

    def _fees(self, plan):
        return "\n".join(
            f"{format_quantity(self.env, Decimal(repr(fee.quantity)))} × {fee.product_id.name}"
            + (f", {self._own_price(fee)}" if fee.has_own_price else "")
            for fee in plan.fee_ids
        ) or self.env._("None")

    def _own_price(self, fee):
        price = Decimal(repr(fee.price_unit)).normalize()
        return format_price(self.env, price, fee.currency_id)

    def _prices(self, plan):
        """Return what charges say of their prices: `{metric and filter: sentences}`."""
        return {
            subject: "\n".join(charge.price_summary or "" for charge in charges)
            for subject, charges in groupby(
                plan._charges_for(self.subscription_id.currency_id), key=_subject
            )
        }


def _subject(charge):
    return " ".join(filter(None, (charge.metric_id.name, charge.filter_summary)))

from dataclasses import replace
from decimal import Decimal, localcontext

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...core.money.exact import EXACT
from ...core.money.periods import Period, Recurrence
from ...core.money.pricing import round_amount
from ...core.money.timeline import Plan
from ..base.bounded import Whole
from ..base.staff import check_staff
from ..base.subscription_states import RUNNING


class FusionBillingPlan(models.Model):
    """What billing staff sell: how often it is billed, and which usage is charged how."""

    _name = "fusion.billing.plan"
    _description = "Billing Plan"
    _inherit = ["fusion.billing.owned.mixin", "fusion.billing.coded.mixin", "mail.thread"]
    _order = "sequence, name, id"

    name = fields.Char(required=True, translate=True, tracking=True)
    code = fields.Char(
        compute="_compute_code",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        tracking=True,
        copy=False,
        help="How apps name this plan in the API.",
    )
    sequence = Whole(default=10)
    active = fields.Boolean(default=True, tracking=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company, fixed=True
    )

    billing_period_value = Whole("Billing Period", required=True, default=1, tracking=True)
    billing_period_unit = fields.Selection(
        [("week", "Weeks"), ("month", "Months"), ("year", "Years")],
        required=True,
        default="month",
        tracking=True,
    )
    fee_timing = fields.Selection(
        [("advance", "In advance"), ("arrears", "In arrears")],
        string="Recurring Fees",
        required=True,
        default="advance",
        tracking=True,
        help="When a period's recurring products are invoiced: at its start or at its end."
        " Usage is always invoiced at the end. It holds for fees that are put on a"
        " subscription from now on.",
    )
    prorate = fields.Boolean(
        "Prorate Fees",
        default=True,
        tracking=True,
        help="In an incomplete billing period, a fee costs its share of the days. Otherwise the"
        " first and the last period cost as much as a whole one.",
    )
    item_changes = fields.Selection(
        [("by_days", "At once, by days"), ("next_period", "From the next billing period")],
        string="Changes of Fees",
        required=True,
        default="by_days",
        tracking=True,
        help="When seats are added or removed: owed by days from then on, and billed or credited"
        " on the next document; or from the next billing period.",
    )
    invoice_mode = fields.Selection(
        [("post", "Post automatically"), ("draft", "Leave as draft")],
        string="Invoices",
        required=True,
        default="post",
        tracking=True,
    )

    draft_hours = Whole(
        "Hold Drafts For",
        default=0,
        tracking=True,
        help="Hours after the end of a period in which its invoice waits as a draft, so that late"
        " counters still land in it.",
    )

    fee_ids = fields.One2many("fusion.billing.plan.fee", "plan_id", "Fees", copy=True)
    charge_ids = fields.One2many("fusion.billing.charge", "plan_id", copy=True)
    subscription_ids = fields.One2many("sale.order", "fusion_plan_id")
    subscription_count = fields.Integer("Subscriptions", compute="_compute_subscription_count")

    _code_unique = models.Constraint(
        "UNIQUE(company_id, code)",
        "You cannot use this code again: the company has a plan with it. Choose another code.",
    )
    _billing_period_positive = models.Constraint(
        "CHECK(billing_period_value BETWEEN 1 AND 1200)",
        "A billing period must last at least one week, month or year (and at most 1,200).",
    )

    _draft_hours_not_negative = models.Constraint(
        "CHECK(draft_hours BETWEEN 0 AND 8760)", "Drafts must be held for 0 hours to a year."
    )

    @api.depends("subscription_ids")
    def _compute_subscription_count(self):
        orders = self.env["sale.order"]
        running = orders._fusion_subscription_domain(RUNNING)
        counts = dict(
            orders._read_group(
                running & Domain("fusion_plan_id", "in", self.ids), ["fusion_plan_id"], ["__count"]
            )
        )
        for plan in self:
            plan.subscription_count = counts.get(plan, 0)

    # === CRUD METHODS === #

    def write(self, vals):
        self._check_period_kept(vals)
        return super().write(vals)

    def _check_period_kept(self, vals):
        """Refuse another billing period while subscriptions are on it: theirs are counted by it."""
        changed = self.filtered(
            lambda plan: any(
                plan[name] != vals.get(name, plan[name])
                for name in ("billing_period_value", "billing_period_unit")
            )
        )
        if any(plan._is_in_use() for plan in changed):
            raise UserError(
                self.env._(
                    "You cannot change the billing period of this plan: subscriptions are on it,"
                    " were on it or wait for it. Make another plan and change theirs."
                )
            )

    def _is_in_use(self):
        """Whether a subscription is, was or will be on this plan; subscriptions say so."""
        return False

    def _recurrence(self, anchor):
        """Return this plan's billing periods, counted from the anchor date (R4)."""
        self.ensure_one()
        return Recurrence(self.billing_period_value, self.billing_period_unit, anchor)

    def _key(self):
        """Return what a timeline must know of this plan: `core.money.timeline.Plan`."""
        self.ensure_one()
        return Plan(self.id, self.billing_period_value, self.billing_period_unit)

    def _catalogue(self, currency):
        """Return the charges that rate subscriptions in a currency, with the days on which they
        do (T2): a tuple of `core.money.owed.Charge`.

        A metric is billed in one currency on each day: the subscription's own if a charge in it
        is in force, else that of the first charge that is.
        """
        self.ensure_one()
        charges = self.with_context(active_test=False).charge_ids.filtered(
            lambda charge: charge._rates()
        )
        terms = charges._terms()
        found = []
        for candidates in charges.grouped("metric_id").values():
            groups = candidates.grouped("currency_id")
            taken = []
            for group in [groups.pop(currency, charges[:0]), *groups.values()]:
                pieces = [
                    piece for charge in group for piece in _outside_of(terms[charge.id], taken)
                ]
                taken += [piece.days for piece in pieces]
                found += pieces
        return tuple(found)

    def _charges_for(self, currency, day=None):
        """Return the charges that rate a subscription in this currency.

        Those that are in force on a day: today, if empty. A metric is billed in one currency: the
        subscription's own if there is a charge in it, else that of its first charge.
        """
        self.ensure_one()
        day, charges = day or self.company_id._fusion_today(), self.env["fusion.billing.charge"]
        in_force = self.charge_ids.filtered(lambda charge: charge._version_at(day))
        for candidates in in_force.grouped("metric_id").values():
            by_currency = candidates.grouped("currency_id")
            charges |= by_currency.get(currency) or by_currency[candidates[0].currency_id]
        return charges

    def _estimate(self, quantities, currency=None):
        """Price quantities as if they were used in one full period from today on.

        Nothing is stored. Quantities carry no dimensions, so that charges with a filter get none.

        :param dict quantities: `{metric: Decimal}`
        :param currency: the currency to estimate in; the company's if empty
        :return: one dict per charge: `charge`, `quantity`, `amount` (Decimal, rounded to the
            charge's currency) and `breakdown`, see `core.money.pricing.PricedAmount`
        """
        self.ensure_one()
        today = self.company_id._fusion_today()
        lines = []
        # sudo: apps estimate, too, and may not read companies.
        for charge in self._charges_for(currency or self.sudo().company_id.currency_id):
            quantity = Decimal(0) if charge._filter() else quantities.get(charge.metric_id, 0)
            for version in charge._version_at(today):
                priced = version._price(quantity)
                lines.append(
                    {
                        "charge": charge,
                        "quantity": Decimal(quantity),
                        "amount": round_amount(
                            priced.amount, Decimal(str(charge.currency_id.rounding))
                        ),
                        "breakdown": priced.breakdown,
                    }
                )
        return lines

    @api.model
    def _total_by_currency(self, lines):
        """Return `{currency: Decimal}` for the lines of an estimate; it converts nothing."""
        totals = {}
        with localcontext(EXACT):
            for line in lines:
                currency = line["charge"].currency_id
                totals[currency] = totals.get(currency, 0) + line["amount"]
        return totals

    def _request_rating(self):
        """Have the subscriptions on these plans rated again: prices or quotas changed."""
        # sudo: who sets prices need not see every subscription.
        self.sudo().subscription_ids._fusion_request_rating()

    def action_simulate(self):
        """Ask for other prices, or for another plan, and say what they would have come to."""
        self.ensure_one()
        check_staff(self)
        simulation = self.env["fusion.billing.simulation"].create({"plan_id": self.id})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Simulate a Price Change"),
            "res_model": simulation._name,
            "res_id": simulation.id,
            "views": [(False, "form")],
            "target": "new",
        }

    def action_view_subscriptions(self):
        """Open the subscriptions on this plan."""
        self.ensure_one()
        check_staff(self, "read")
        action = self.env["ir.actions.actions"]._for_xml_id("fusion_billing.sale_order_action")
        return dict(
            action,
            domain=[("fusion_plan_id", "=", self.id)],
            context={"default_fusion_plan_id": self.id},
        )


def _outside_of(charge, taken):
    """The charge on those of its days that others do not take: one for each run of days.

    :param list taken: runs of days
    """
    pieces = [charge.days]
    for days in taken:
        pieces = [
            part
            for piece in pieces
            for part in (
                Period(piece.start, min(piece.end, days.start)),
                Period(max(piece.start, days.end), piece.end),
            )
            if part.start < part.end
        ]
    if pieces == [charge.days]:
        return [charge]
    return [replace(charge, valid_from=piece.start, valid_until=piece.end) for piece in pieces]

from odoo import api, fields, models
from odoo.tools import format_date

from ...core.money.timeline import DAY
from ..base.staff import check_staff
from ..base.wording import format_quantity
from ..catalog.price_wording import format_price


class FusionBillingPhase(models.Model):
    """How a phase reads, and what staff do with one that is to come."""

    _inherit = "fusion.billing.phase"

    date_until = fields.Date(
        "Until", compute="_compute_date_until", help="First day of the next phase."
    )
    last_day = fields.Date(
        compute="_compute_date_until", help="The last one of this phase; the next one begins then."
    )
    is_planned = fields.Boolean(
        compute="_compute_is_planned", help="It is to come, and can be taken back."
    )

    @api.depends("date_from", "subscription_id.fusion_phase_ids.date_from")
    def _compute_date_until(self):
        for phase in self:
            days = phase.subscription_id.fusion_phase_ids.mapped("date_from")
            until = min((d for d in days if d > phase.date_from), default=False)
            phase.date_until, phase.last_day = until, until and until - DAY

    @api.depends("date_from", "subscription_id.fusion_phase_ids.date_from")
    def _compute_is_planned(self):
        for phase in self:
            order = phase.subscription_id
            first = min(order.fusion_phase_ids.mapped("date_from"), default=phase.date_from)
            phase.is_planned = phase.date_from > max(order._fusion_today(), first)

    def action_take_back(self):
        """Take back a change that is to come."""
        self.ensure_one()
        check_staff(self.subscription_id)
        self.subscription_id._fusion_take_back(self)

    def _describe(self):
        """Say what begins: `Jan 1: Pro, active`."""
        self.ensure_one()
        states = dict(self._fields["state"]._description_selection(self.env))
        return self.env._(
            "%(day)s: %(plan)s, %(state)s",
            day=format_date(self.env, self.date_from),
            plan=self.plan_id.display_name,
            state=states[self.state].lower(),
        )


class FusionBillingItem(models.Model):
    """How a recurring fee reads, and how staff change it."""

    _inherit = "fusion.billing.item"

    def action_change(self):
        """Ask for what this fee shall be, and from which day on."""
        self.ensure_one()
        return self.subscription_id._fusion_open_wizard(
            "fusion_billing.item_wizard_action", default_order_line_id=self.order_line_id.id
        )

    def _describe_plans(self, today):
        """Say which of these begin or end later, by day: `Jan 1: 3 × Seat at $10.00`.

        Fees that begin or end together with a phase go without saying.
        """
        days = set(self.subscription_id.fusion_phase_ids.mapped("date_from"))
        begins = self.filtered(lambda i: i.date_from > today and i.date_from not in days)
        followed = {(item.order_line_id, item.date_from) for item in self}
        ends = self.filtered(
            lambda i: (
                i.date_until
                and i.date_until > today
                and i.date_until not in days
                and i.date_from < i.date_until
                and (i.order_line_id, i.date_until) not in followed
            )
        )
        return [item._describe_begin() for item in begins] + [item._describe_end() for item in ends]

    def _describe_begin(self):
        exact = self._read_exact(["quantity", "price_unit"])[self.id]
        return self.env._(
            "%(day)s: %(quantity)s × %(fee)s at %(price)s",
            day=format_date(self.env, self.date_from),
            fee=self.product_id.display_name,
            quantity=format_quantity(self.env, exact["quantity"]),
            price=format_price(self.env, exact["price_unit"], self.currency_id),
        )

    def _describe_end(self):
        return self.env._(
            "%(day)s: end of %(fee)s",
            day=format_date(self.env, self.date_until),
            fee=self.product_id.display_name,
        )

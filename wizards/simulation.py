from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain

from ..models.base.bounded import Whole
from ..models.base.staff import check_staff
from ..models.ledger.simulation import Simulation

BATCH = 200


class BillingSimulation(models.TransientModel):
    """Asks for new prices of a plan, or for another plan, and says what the usage of the last
    billing periods would have come to.
    """

    _name = "fusion.billing.simulation"
    _description = "Simulate a Price Change"
    _inherit = ["fusion.billing.owned.mixin"]
    _rec_name = "plan_id"

    plan_id = fields.Many2one(
        "fusion.billing.plan", required=True, readonly=True, ondelete="cascade", fixed=True
    )
    company_id = fields.Many2one(related="plan_id.company_id", related_sudo=False)
    compared_with = fields.Selection(
        [("prices", "Other prices"), ("plan", "Another plan")], required=True, default="prices"
    )
    other_plan_id = fields.Many2one(
        "fusion.billing.plan",
        ondelete="cascade",
        domain="[('company_id', '=', company_id), ('id', '!=', plan_id)]",
        help="With its charges and its fees. It must have the same billing period.",
    )
    periods = Whole(
        "Billing Periods",
        required=True,
        default=3,
        help="How many billing periods of each subscription are compared: the last ones that are"
        " closed.",
    )
    price_ids = fields.One2many("fusion.billing.simulation.price", "simulation_id", "Prices")
    row_ids = fields.One2many("fusion.billing.simulation.row", "simulation_id")

    _periods_few = models.Constraint(
        "CHECK(periods BETWEEN 1 AND 24)", "You can compare 1 to 24 billing periods."
    )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        simulations = super().create(vals_list)
        for simulation in simulations.filtered(lambda simulation: not simulation.price_ids):
            simulation._take_over_prices()
        return simulations

    def unlink(self):
        # The database would delete these without their prices.
        self.price_ids.unlink()
        return super().unlink()

    def _take_over_prices(self):
        """Begin with the prices that the charges show: those in force today."""
        self.price_ids = [
            Command.create({"charge_id": charge.id, **charge.version_id._terms_to_copy()})
            for charge in self.plan_id.charge_ids
        ]

    # === ACTIONS === #

    def action_simulate(self):
        """Compare, and open what comes out, by customer."""
        self.ensure_one()
        check_staff(self)
        self._check_other_plan()
        self.sudo().row_ids.unlink()
        self._compare()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "fusion_billing.fusion_billing_simulation_row_action"
        )
        title = self._title()
        domain = [("simulation_id", "=", self.id)]
        return dict(action, domain=domain, name=title, display_name=title)

    def _title(self):
        if self.compared_with == "plan":
            return self.env._(
                "%(plan)s, if it were %(other)s",
                plan=self.plan_id.name,
                other=self.other_plan_id.name,
            )
        return self.env._("%s, at other prices", self.plan_id.name)

    def _check_other_plan(self):
        if self.compared_with != "plan":
            return
        if not self.other_plan_id:
            raise UserError(self.env._("You must choose the other plan to compare with."))
        if not self.other_plan_id._key().recurs_like(self.plan_id._key()):
            raise UserError(
                self.env._(
                    "You can only compare plans with the same billing period: %(other)s has"
                    " another one than %(plan)s.",
                    other=self.other_plan_id.name,
                    plan=self.plan_id.name,
                )
            )

    # === COMPARING === #

    def _compare(self):
        """Rate in batches, so that memory does not grow with the number of subscriptions."""
        simulation = self._simulation()
        # sudo: who sets prices sees what they come to for everybody in the company.
        rows, orders = self.row_ids.sudo(), self.env["sale.order"].sudo()
        found = orders.search(self._subscriptions(simulation.since), order="id").ids
        for offset in range(0, len(found), BATCH):
            batch = orders.browse(found[offset : offset + BATCH])
            rows._store(self, simulation.rows(batch))
            self.env.invalidate_all()

    def _simulation(self):
        today = self.plan_id.company_id._fusion_today()
        since = self.plan_id._recurrence(today).boundary(-self.periods)
        if self.compared_with == "plan":
            return Simulation(self.plan_id, since, other=self.other_plan_id)
        return Simulation(self.plan_id, since, prices=self.price_ids._changed())

    def _subscriptions(self, since):
        """Return the domain of those that were on the plan in periods that may be compared."""
        return (
            Domain("company_id", "=", self.plan_id.company_id.id)
            & Domain("state", "in", ("sale", "done"))
            & Domain("fusion_phase_ids.plan_id", "=", self.plan_id.id)
            & (Domain("fusion_end_date", "=", False) | Domain("fusion_end_date", ">", since))
        )

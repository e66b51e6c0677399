from decimal import Decimal, localcontext

from odoo import api, fields, models

from ..core.money.exact import EXACT
from ..models.base.bounded import Exact
from ..models.base.wording import format_quantity
from ..models.catalog.breakdown_wording import BreakdownWords
from ..models.catalog.price_wording import format_price


class EstimateWizard(models.TransientModel):
    """Asks what would be used in a period, and says what the plan would charge for it."""

    _name = "fusion.billing.estimate.wizard"
    _description = "Estimate What Usage Would Cost"
    _inherit = ["fusion.billing.owned.mixin"]

    plan_id = fields.Many2one(
        "fusion.billing.plan", required=True, readonly=True, ondelete="cascade", fixed=True
    )
    currency_id = fields.Many2one(
        "res.currency",
        compute="_compute_currency_id",
        compute_sudo=False,
        store=True,
        precompute=True,
        readonly=False,
        required=True,
        help="Where a metric has prices in several currencies.",
    )
    line_ids = fields.One2many(
        "fusion.billing.estimate.wizard.line",
        "wizard_id",
        compute="_compute_line_ids",
        compute_sudo=False,
        store=True,
        readonly=False,
    )
    is_estimated = fields.Boolean(readonly=True)
    estimate = fields.Html(compute="_compute_estimate", sanitize=False)

    # === COMPUTE METHODS === #

    @api.depends("plan_id")
    def _compute_currency_id(self):
        for wizard in self:
            wizard.currency_id = wizard.plan_id.company_id.currency_id

    @api.depends("plan_id")
    def _compute_line_ids(self):
        for wizard in self:
            wizard.line_ids = [fields.Command.clear()] + [
                fields.Command.create({"metric_id": metric.id})
                for metric in wizard.plan_id.charge_ids.metric_id
            ]

    @api.depends("is_estimated", "currency_id", "line_ids.quantity")
    @api.depends_context("lang")
    def _compute_estimate(self):
        # What is being typed is priced when the button is pressed.
        for wizard in self:
            wizard.estimate = wizard.is_estimated and wizard._origin._render_estimate()

    # === ACTIONS === #

    def action_estimate(self):
        """Price the quantities and show the same dialog with what they come to."""
        self.ensure_one()
        self.is_estimated = True
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("What Would It Cost?"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
        }

    # === ESTIMATE === #

    def _render_estimate(self):
        lines = self.plan_id._estimate(self.line_ids._quantities(), self.currency_id)
        fees = self._fee_lines()
        totals = self._totals(lines, fees)
        return self.env["ir.qweb"]._render(
            "fusion_billing.estimate",
            {
                "fees": [self._prepare_fee(fee) for fee in fees],
                "lines": [self._prepare_line(line) for line in lines],
                "totals": [
                    format_price(self.env, total, currency) for currency, total in totals.items()
                ],
            },
        )

    def _fee_lines(self):
        """Return the plan's fees as the lines of an order that nobody stores, before the
        pricelist and the discounts of a customer.
        """
        # sudo: who reads plans need not make orders.
        order = self.env["sale.order"].sudo().new({"company_id": self.plan_id.company_id.id})
        return order.order_line.union(
            *(
                order.order_line.new(
                    {
                        "order_id": order,
                        "product_id": fee.product_id.id,
                        "product_uom_qty": fee.quantity,
                        **order._fusion_own_price(fee),
                    }
                )
                for fee in self.plan_id.sudo().fee_ids
            )
        )

    def _totals(self, lines, fees):
        totals = self.plan_id._total_by_currency(lines)
        with localcontext(EXACT):
            for fee in fees:
                amount = Decimal(repr(fee.price_subtotal))
                totals[fee.currency_id] = totals.get(fee.currency_id, 0) + amount
        return totals

    def _prepare_fee(self, fee):
        return {
            "name": fee.product_id.display_name,
            "quantity": format_quantity(self.env, Decimal(repr(fee.product_uom_qty))),
            "amount": format_price(self.env, Decimal(repr(fee.price_subtotal)), fee.currency_id),
        }

    def _prepare_line(self, line):
        """Return a priced line as the template shows it, with a receipt of its own."""
        charge = line["charge"]
        receipt = {
            **BreakdownWords(self.env, charge.currency_id).facts(line["breakdown"]),
            "total": format_price(self.env, line["amount"], charge.currency_id),
        }
        return {
            "metric": charge.metric_id.name,
            "filter": charge.filter_summary,
            "receipt": self.env["ir.qweb"]._render("fusion_billing.rating_receipt", receipt),
        }


class EstimateWizardLine(models.TransientModel):
    """How much of one metric would be used."""

    _name = "fusion.billing.estimate.wizard.line"
    _description = "Quantity to Estimate"
    _inherit = ["fusion.billing.owned.mixin", "fusion.billing.exact.mixin"]

    wizard_id = fields.Many2one(
        "fusion.billing.estimate.wizard", required=True, ondelete="cascade", index=True
    )
    metric_id = fields.Many2one(
        "fusion.billing.metric", required=True, readonly=True, ondelete="cascade"
    )
    quantity = Exact(digits=(24, 6))

    _quantity_not_negative = models.Constraint(
        "CHECK(quantity >= 0)", "A quantity must not be negative."
    )

    def _quantities(self):
        """Return `{metric: Decimal}`."""
        exact = self._read_exact(["quantity"])
        return {line.metric_id: exact[line.id]["quantity"] for line in self}

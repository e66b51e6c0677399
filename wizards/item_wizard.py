from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.base.bounded import Day, Exact
from ..models.base.wording import format_quantity
from ..models.catalog.price_wording import format_price


class ItemWizard(models.TransientModel):
    """Adds a recurring fee to a subscription, changes one or ends it, from a day on (F2)."""

    _name = "fusion.billing.item.wizard"
    _description = "Change a Recurring Fee"
    _inherit = ["fusion.billing.change.mixin"]

    operation = fields.Selection(
        [("change", "Change"), ("add", "Add"), ("end", "End")],
        "Action",
        required=True,
        compute="_compute_operation",
        compute_sudo=False,
        store=True,
        precompute=True,
        readonly=False,
    )
    fee_line_ids = fields.Many2many("sale.order.line", compute="_compute_fee_line_ids")
    order_line_id = fields.Many2one(
        "sale.order.line",
        "Fee",
        ondelete="cascade",
        domain="[('id', 'in', fee_line_ids)]",
        compute="_compute_order_line_id",
        compute_sudo=False,
        store=True,
        precompute=True,
        readonly=False,
    )
    product_id = fields.Many2one(
        "product.product",
        ondelete="cascade",
        compute="_compute_product_id",
        compute_sudo=False,
        store=True,
        precompute=True,
        readonly=False,
        domain="[('sale_ok', '=', True)]",
    )
    quantity = Exact(
        digits=(16, 4),
        compute="_compute_terms",
        compute_sudo=False,
        store=True,
        precompute=True,
        readonly=False,
    )
    price_unit = Exact(
        "Price",
        digits=(18, 6),
        compute="_compute_terms",
        compute_sudo=False,
        store=True,
        precompute=True,
        readonly=False,
        help="For each billing period, before tax.",
    )
    discount = Exact(
        "Discount (%)",
        digits=(16, 4),
        compute="_compute_terms",
        compute_sudo=False,
        store=True,
        precompute=True,
        readonly=False,
    )
    currency_id = fields.Many2one(related="subscription_id.currency_id", related_sudo=False)
    date = Day(
        "From",
        compute="_compute_date",
        compute_sudo=False,
        store=True,
        precompute=True,
        readonly=False,
        required=True,
        help="First day on which it holds. A day in the past comes to a difference"
        " on the next document.",
    )

    _quantity_not_negative = models.Constraint(
        "CHECK(quantity >= 0)", "A fee's quantity must be 0 or more."
    )
    _discount_is_a_part = models.Constraint(
        "CHECK(discount BETWEEN 0 AND 100)", "A discount must be from 0 to 100 percent."
    )

    # === COMPUTE METHODS === #

    @api.depends("subscription_id")
    def _compute_fee_line_ids(self):
        for wizard in self:
            wizard.fee_line_ids = wizard.subscription_id.order_line.filtered("fusion_item_ids")

    @api.depends("subscription_id")
    def _compute_operation(self):
        for wizard in self:
            wizard.operation = "change" if wizard.fee_line_ids else "add"

    @api.depends("operation", "fee_line_ids")
    def _compute_order_line_id(self):
        """Propose the only fee; of several, staff choose one."""
        for wizard in self:
            lines = wizard.fee_line_ids
            if wizard.operation == "add":
                wizard.order_line_id = False
            elif not wizard.order_line_id and len(lines) == 1:
                wizard.order_line_id = lines

    @api.depends("order_line_id")
    def _compute_product_id(self):
        for wizard in self:
            if wizard.order_line_id:
                wizard.product_id = wizard.order_line_id.product_id

    @api.depends("order_line_id", "product_id", "operation")
    def _compute_terms(self):
        """Show the terms of the chosen fee; for a new one those of the pricelist."""
        for wizard in self:
            shown = wizard.order_line_id or wizard._new_line()
            wizard.update(
                {
                    "quantity": shown.product_uom_qty,
                    "price_unit": shown.price_unit,
                    "discount": shown.discount,
                }
            )

    @api.depends("subscription_id")
    def _compute_date(self):
        """Propose what the plan says: today, or the next billing period."""
        for wizard in self:
            wizard.date = wizard.subscription_id and (
                wizard.subscription_id._fusion_day_of_change()
            )

    @api.depends(
        "operation", "order_line_id", "product_id", "quantity", "price_unit", "discount", "date"
    )
    def _compute_preview(self):
        super()._compute_preview()

    # === ACTIONS === #

    def action_confirm(self):
        """Add, change or end the fee."""
        self._check_staff()
        if self.operation != "add":
            self._check_line()
        self._change(self.subscription_id)
        return self._done()

    def _change(self, order):
        if self.operation == "add":
            self._add(order)
        else:
            self._change_line(order, self.order_line_id._origin.with_env(order.env))

    def _add(self, order):
        if not self.product_id or not self.quantity:
            raise UserError(self.env._("You cannot add nothing: choose a product and a quantity."))
        order._fusion_add_item(
            self.product_id.with_env(order.env),
            quantity=self.quantity,
            price_unit=self.price_unit,
            discount=self.discount,
            date=self.date,
        )

    def _check_line(self):
        if self.order_line_id not in self.fee_line_ids:
            raise UserError(
                self.env._("You cannot change this: choose a recurring fee of the subscription.")
            )

    def _change_line(self, order, line):
        if self.operation == "end":
            order._fusion_end_item(line, self.date)
        else:
            order._fusion_change_item(
                line,
                quantity=self.quantity,
                price_unit=self.price_unit,
                discount=self.discount,
                date=self.date,
            )

    # === PREVIEW === #

    def _timeline(self):
        timeline = self.subscription_id._fusion_timeline()
        is_complete = (
            self.date
            and self.date >= timeline.start
            and self.product_id
            and (self.order_line_id or self.operation == "add")
        )
        return timeline if is_complete else None

    def _first_day(self):
        return self.date

    def _terms(self):
        """Say what the fee is on the day, and what it would be from then on."""
        items = self.order_line_id._origin.sudo().fusion_item_ids
        item = items._on(self.date)
        now = {name: item[name] if item else 0 for name in ("quantity", "price_unit", "discount")}
        ends = self.operation == "end"
        return [
            (self.env._("Quantity"), *self._numbers(now["quantity"], 0 if ends else self.quantity)),
            *(
                ()
                if ends
                else (
                    (
                        self.env._("Price"),
                        self._price(now["price_unit"]),
                        self._price(self.price_unit),
                    ),
                    (self.env._("Discount (%)"), *self._numbers(now["discount"], self.discount)),
                )
            ),
        ]

    def _numbers(self, *numbers):
        return [format_quantity(self.env, Decimal(repr(number or 0.0))) for number in numbers]

    def _price(self, price):
        return format_price(self.env, Decimal(repr(price or 0.0)).normalize(), self.currency_id)

    def _items(self, preview):
        return preview.items_with(
            self.order_line_id,
            self.date,
            {
                "product_id": self.product_id,
                "quantity": 0 if self.operation == "end" else self.quantity,
                "price_unit": self.price_unit,
                "discount": self.discount,
            },
        )

    def _new_line(self):
        """Return the line that would be added, with the price of the pricelist."""
        lines = self.env["sale.order.line"]
        if not self.product_id:
            return lines
        return lines.new(
            {
                "order_id": self.subscription_id.id,
                "product_id": self.product_id.id,
                "product_uom_qty": 1,
            }
        )

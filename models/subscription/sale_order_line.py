from odoo import api, fields, models
from odoo.exceptions import UserError

from ..base.engine import as_engine, given, is_engine
from ..base.staff import BILLING
from .sale_order_items import SHOWN

# What ties a line to the catalogue is the engine's.
OWN = {"fusion_plan_fee_id", "fusion_charge_id"}
EDITS = set(SHOWN.values())
# What a line is to its subscription is decided when it is put on.
FIXED = {"order_id", "product_id", "fusion_recurring", "fusion_plan_fee_id", "fusion_charge_id"}


class SaleOrderLine(models.Model):
    """What order lines are to a subscription: they show its fees and its usage (L6).

    Whether a line recurs is decided when it is put on the order: the product's tick is only the
    default. Editing one on a running subscription is a change of its fee, from today on.
    """

    _name = "sale.order.line"
    _inherit = ["sale.order.line", "fusion.billing.technical.mixin"]

    fusion_recurring = fields.Boolean(
        "Recurring",
        compute="_compute_fusion_recurring",
        store=True,
        readonly=False,
        precompute=True,
        help="Invoiced again in every billing period of the subscription.",
    )
    fusion_plan_fee_id = fields.Many2one(
        "fusion.billing.plan.fee",
        "Fee of the Plan",
        index="btree_not_null",
        copy=False,
        ondelete="restrict",
    )
    fusion_item_ids = fields.One2many(
        "fusion.billing.item", "order_line_id", "Recurring Fees", copy=False, groups=BILLING
    )
    fusion_charge_id = fields.Many2one(
        "fusion.billing.charge", "Charge", index="btree_not_null", ondelete="restrict", copy=False
    )

    _fusion_charge_unique = models.UniqueIndex(
        "(order_id, fusion_charge_id) WHERE fusion_charge_id IS NOT NULL",
        "You cannot add a second line for the usage of a charge: the order has one.",
    )

    @api.depends("product_id")
    def _compute_fusion_recurring(self):
        for line in self:
            line.fusion_recurring = line._fusion_has_items() or line.product_id.fusion_recurring

    def _compute_price_unit(self):
        """An agreed fee keeps its price when its quantity changes; *Update Prices* asks anew."""
        kept = (
            self.browse()
            if self.env.context.get("force_price_recomputation")
            else (self.filtered(lambda line: line._fusion_keeps_price()))
        )
        super(SaleOrderLine, self - kept)._compute_price_unit()

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        if given(OWN, self.env, vals_list) and not is_engine(self.env):
            raise UserError(
                self.env._(
                    "You cannot say that a line shows usage or a fee of the plan: add a product."
                )
            )
        lines = super().create(vals_list)
        if not is_engine(self.env):
            for line in lines.filtered(lambda line: line._fusion_joins_subscription()):
                line.order_id._fusion_begin_item(line)
        return lines

    def write(self, vals):
        if vals.keys() & FIXED and not is_engine(self.env):
            self._fusion_check_kept(vals)
        result = super().write(vals)
        if not is_engine(self.env) and vals.keys() & EDITS:
            self._fusion_follow_edit()
        return result

    def _get_protected_fields(self):
        # Locking an order is meant for people: the engine goes on.
        return [] if is_engine(self.env) else super()._get_protected_fields()

    def _update_line_quantity(self, values):
        # What is changed stands in the chatter already: with its day and its price.
        if not is_engine(self.env):
            super()._update_line_quantity(values)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_owed(self):
        if any(line._fusion_has_items() or line.fusion_charge_id for line in self):
            raise UserError(
                self.env._(
                    "You cannot delete a line that a subscription is billed by: set its quantity"
                    " to 0."
                )
            )

    def _fusion_check_kept(self, vals):
        """Refuse to make something else of a line of a subscription."""
        for line in self.filtered(lambda line: line.order_id._fusion_has_begun()):
            names = vals.keys() & (
                FIXED if line._fusion_is_engines() else FIXED - {"order_id", "product_id"}
            )
            changed = [
                name
                for name in names
                if line._fields[name].convert_to_cache(vals[name], line)
                != line._fields[name].convert_to_cache(line[name], line)
            ]
            if changed:
                raise UserError(
                    self.env._(
                        "You cannot change the product of %s, nor whether it recurs: set its"
                        " quantity to 0 and add another line.",
                        line.display_name,
                    )
                )

    # === BUSINESS METHODS === #

    def _fusion_is_fee(self):
        """Whether this line is invoiced in every billing period."""
        self.ensure_one()
        return bool(
            self.order_id.fusion_plan_id
            and self.fusion_recurring
            and not self.display_type
            and not self.fusion_charge_id
            and not self.is_downpayment
        )

    def _fusion_is_engines(self):
        """Whether the ledger says what this line costs, and not its quantities (L6)."""
        self.ensure_one()
        return (
            bool(self.fusion_charge_id)
            or self._fusion_has_items()
            or (self._fusion_is_fee() and not self.order_id._fusion_has_begun())
        )

    def _fusion_keeps_price(self):
        # sudo: salespeople need not see the plan's fees.
        agreed = self._fusion_has_items() or self.sudo().fusion_plan_fee_id.has_own_price
        return bool(agreed and self.price_unit)

    def _fusion_has_items(self):
        """Whether recurring fees of a subscription stand behind this line."""
        # sudo: salespeople, too, meet the rules for lines that are billed.
        return bool(self.sudo().fusion_item_ids)

    def _fusion_joins_subscription(self):
        return self._fusion_is_fee() and self.order_id._fusion_has_begun()

    def _fusion_follow_edit(self):
        """Change the fees behind lines that were edited; what usage lines say comes back."""
        for line in self.filtered(lambda line: line._fusion_has_items()):
            order = line.order_id
            day = max(order._fusion_today(), order.fusion_start_date)
            if line._fusion_shows(line.sudo().fusion_item_ids._on(day)):
                continue
            if order._fusion_is_running():
                order._fusion_change_item(
                    line, **{name: line[shown] for name, shown in SHOWN.items()}
                )
            else:
                line._fusion_show_item(line.sudo().fusion_item_ids._on(day))

    def _fusion_shows(self, item):
        if not item:
            return not self.product_uom_qty
        return all(
            item._fields[name].convert_to_cache(self[shown], item) == item[name]
            for name, shown in SHOWN.items()
        )

    def _fusion_show_item(self, item):
        """Show an item, or that none is in force."""
        self.ensure_one()
        values = (
            {shown: item[name] for name, shown in SHOWN.items()} if item else {"product_uom_qty": 0}
        )
        changed = {name: value for name, value in values.items() if self[name] != value}
        if changed:
            as_engine(self).write(
                {**changed, **({"technical_price_unit": item.price_unit} if item else {})}
            )

    def _fusion_is_over(self):
        """Whether this line shows usage of a plan that the subscription has left, and none."""
        charge, order = self.fusion_charge_id, self.order_id
        return bool(charge) and not self.price_subtotal and charge.plan_id != order.fusion_plan_id

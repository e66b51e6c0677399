from decimal import Decimal

from odoo import api, fields, models


class SaleOrderLine(models.Model):
    """Order lines of subscriptions.

    A recurring line is invoiced every billing period. A usage line states what one charge comes
    to in one period: quantity 1 at the rounded amount, because order quantities hold two decimals
    and usage does not (M1).
    """

    _inherit = "sale.order.line"

    fusion_charge_id = fields.Many2one(
        "fusion.billing.charge", "Charge", index="btree_not_null", ondelete="restrict",
        copy=False,
    )
    fusion_rating_id = fields.Many2one(
        "fusion.billing.rating", "Rating", index="btree_not_null", ondelete="restrict",
        copy=False,
    )
    fusion_period_start = fields.Date("Period Start", copy=False)
    fusion_period_end = fields.Date(
        "Period End", copy=False, help="First day after the billing period.",
    )
    fusion_correction = fields.Integer(
        copy=False, help="0 on a period's first line, then the number of the correction.",
    )

    fusion_quantity = fields.Char(
        copy=False, help="The exact quantity that this line brings the bill up to.",
    )

    _fusion_usage_unique = models.UniqueIndex(
        "(order_id, fusion_charge_id, fusion_period_start, fusion_correction)"
        " WHERE fusion_charge_id IS NOT NULL",
        "The usage of this charge and period is on the order already.",
    )

    # === COMPUTE METHODS === #

    @api.depends("order_id.fusion_plan_id", "product_id.fusion_recurring", "fusion_charge_id")
    def _compute_qty_to_invoice(self):
        """Leave to the subscription engine what it invoices, so that no button bills it twice."""
        super()._compute_qty_to_invoice()
        self.filtered(lambda line: line._fusion_invoiced_by_engine()).qty_to_invoice = 0

    def _compute_price_unit(self):
        # The price of usage comes from the ledger: no pricelist may touch it.
        super(SaleOrderLine, self.filtered(lambda line: not line.fusion_charge_id)) \
            ._compute_price_unit()

    def _compute_discount(self):
        usage_lines = self.filtered("fusion_charge_id")
        usage_lines.discount = 0
        super(SaleOrderLine, self - usage_lines)._compute_discount()

    def _get_protected_fields(self):
        # Locking an order is meant for people: rating goes on.
        if self.env.context.get("fusion_rating"):
            return []
        return super()._get_protected_fields()

    def _prepare_invoice_line(self, **optional_values):
        chosen = self.env.context.get("fusion_invoice_lines", {}).get(self.id, {})
        return super()._prepare_invoice_line(**{**optional_values, **chosen})

    # === BUSINESS METHODS === #

    def _fusion_invoiced_by_engine(self):
        """Whether this line is invoiced by billing period and not by core's quantities."""
        self.ensure_one()
        return bool(self.fusion_charge_id or self._fusion_is_recurring())

    def _fusion_is_recurring(self):
        self.ensure_one()
        return bool(
            self.order_id.fusion_plan_id and self.product_id.fusion_recurring
            and not self.display_type and not self.fusion_charge_id
        )

    def _fusion_is_invoiced(self):
        """Whether this usage line stands on an invoice, perhaps a draft, that is not cancelled."""
        self.ensure_one()
        return any(line.parent_state != "cancel" for line in self.invoice_lines)

    def _fusion_is_credited(self):
        """Whether this line stands on a credit note that was not cancelled."""
        self.ensure_one()
        return any(
            line.parent_state != "cancel" and line.move_type == "out_refund"
            for line in self.invoice_lines
        )

    def _fusion_is_posted(self):
        """Whether this usage line stands on a posted invoice: then it is never changed."""
        self.ensure_one()
        return any(line.parent_state == "posted" for line in self.invoice_lines)

    def _fusion_billed(self):
        """Return what posted invoices bill for this line, less what credit notes give back."""
        self.ensure_one()
        return -sum(
            line.move_id.direction_sign * line.quantity * line.price_unit
            * (1 - line.discount / 100)
            for line in self.invoice_lines if line.parent_state == "posted"
        )

    @api.model
    def _fusion_create(self, amounts):
        """Put amounts of the ledger on their orders.

        :param list amounts: triples of a rating, an amount that is rounded to the currency (float),
            and 0, or how many lines of this rating are invoiced already
        """
        return self._fusion_engine().create([
            {
                "order_id": rating.subscription_id.id,
                "sequence": max(rating.subscription_id.order_line.mapped("sequence"), default=0)
                + position,
                "product_uom_qty": 1,
                "discount": 0,
                "fusion_charge_id": rating.charge_id.id,
                "fusion_rating_id": rating.id,
                "fusion_correction": correction,
                **self._fusion_prepare_values(rating, amount, rating.subscription_id, correction),
            }
            for position, (rating, amount, correction) in enumerate(amounts, 1)
        ])

    def _fusion_update(self, rating, amount):
        """Let this line, and the draft it stands on, say what the ledger says.

        :return: the line if it was written; an equal one is not
        """
        values = self._fusion_prepare_values(
            rating, amount, self.order_id, self.fusion_correction,
        )
        changed = {
            name: value for name, value in values.items()
            if self._fields[name].convert_to_write(self[name], self) != value
        }
        if changed:
            # A new product would give the line its own words and price.
            self._fusion_engine().write(values if "product_id" in changed else changed)
            self._fusion_update_draft()
        return self if changed else self.browse()

    def _fusion_update_totals(self):
        """Total the orders now: whoever did it later would tell the chatter of each new total."""
        orders = self._fusion_engine().order_id
        orders.order_line.mapped("tax_ids")  # at once: the totals read them order by order
        orders._recompute_recordset(("amount_untaxed", "amount_tax", "amount_total"))

    def _fusion_update_draft(self):
        drafts = self.invoice_lines.filtered(lambda line: line.parent_state == "draft")
        # sudo: rating keeps drafts in step, whoever pushed or corrected the usage.
        if drafts:
            drafts.sudo().write({
                "name": self._prepare_invoice_line(quantity=1)["name"],
                "price_unit": self.price_unit,
            })
            drafts.sudo().move_id._fusion_follow_sign()

    @api.model
    def _fusion_prepare_values(self, rating, amount, order, correction):
        settled = self._fusion_settled_quantity(rating) if correction else None
        return {
            "product_id": rating.charge_id.product_id.id,
            "name": rating._describe(order._get_lang(), settled),
            "price_unit": amount,
            "technical_price_unit": amount,
            "fusion_period_start": rating.period_start,
            "fusion_period_end": rating.period_end,
            "fusion_quantity": str(rating._quantities()[0]),
        }

    @api.model
    def _fusion_settled_quantity(self, rating):
        """Return the quantity that the latest invoiced line of a rating brought the bill up to."""
        settled = rating.order_line_ids.filtered(lambda line: line._fusion_is_posted())
        return Decimal(settled.sorted("fusion_correction")[-1:].fusion_quantity or 0)

    def _fusion_engine(self):
        """These lines in the context in which rating writes: no chatter, locked orders too."""
        return self.with_context(
            fusion_rating=True, sale_no_log_for_new_lines=True, tracking_disable=True,
            sale_write_from_compute=True,
        )

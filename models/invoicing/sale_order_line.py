from contextlib import contextmanager

from odoo import api, models

from ..base.engine import is_engine

# What people may try to change on a usage line.
SHOWN = {"product_id", "product_uom_qty", "price_unit", "discount", "name", "product_uom_id"}


class SaleOrderLine(models.Model):
    """What Odoo's own buttons may do with the lines of subscriptions (L6).

    Lines of the engine show, and never decide: no quantity of theirs is to be invoiced or was,
    no pricelist prices usage, and what people write on a usage line comes back to what the ledger
    says. One-off lines stay Odoo's own.
    """

    _inherit = "sale.order.line"

    # === QUANTITIES AND AMOUNTS === #

    @api.depends(
        "order_id.fusion_plan_id", "fusion_charge_id", "fusion_item_ids", "fusion_recurring"
    )
    def _compute_qty_to_invoice(self):
        engines = self._fusion_engines()
        engines.qty_to_invoice = 0
        others = self - engines
        super(SaleOrderLine, others)._compute_qty_to_invoice()
        for line in others.filtered(lambda line: line.qty_to_invoice < 0):
            # What staff gave back already is not credited once more.
            left = min(line.qty_to_invoice + line._fusion_conceded_quantity(), 0)
            line.qty_to_invoice = max(line.qty_to_invoice, left)

    def _get_invoice_lines(self):
        """A credit note that staff make of a one-off line is a concession: it makes the line no
        less invoiced, unless they do so by *reverse and create invoice* (L4).
        """
        return super()._get_invoice_lines().filtered(lambda line: not line.fusion_conceded)

    def _fusion_conceded_quantity(self):
        """Return how much of a one-off line staff gave back, at the line's own price."""
        self.ensure_one()
        conceded = sum(
            -line._fusion_sign() * line.quantity * line.price_unit * (1 - line.discount / 100)
            for line in self.invoice_lines
            if line.fusion_conceded and line.parent_state != "cancel"
        )
        price = self.price_unit * (1 - self.discount / 100)
        return conceded / price if price else 0

    @api.depends("invoice_lines.fusion_waived")
    def _compute_qty_invoiced(self):
        super()._compute_qty_invoiced()

    def _prepare_qty_invoiced(self):
        """Count what staff waived as invoiced: it is not billed again (L5)."""
        others = self - self._fusion_engines()
        quantities = super(SaleOrderLine, others)._prepare_qty_invoiced()
        for line in others:
            for waived in line.invoice_lines.filtered("fusion_waived"):
                if waived.parent_state == "cancel":
                    quantities[line] += (
                        waived._fusion_sign()
                        * waived.product_uom_id._compute_quantity(
                            waived.quantity, line.product_uom_id
                        )
                    )
        return quantities

    def _compute_qty_invoiced_posted(self):
        engines = self._fusion_engines()
        engines.qty_invoiced_posted = 0
        super(SaleOrderLine, self - engines)._compute_qty_invoiced_posted()

    def _compute_untaxed_amount_invoiced(self):
        engines = self._fusion_engines()
        engines.untaxed_amount_invoiced = 0
        super(SaleOrderLine, self - engines)._compute_untaxed_amount_invoiced()

    def _compute_amount_invoiced(self):
        engines = self._fusion_engines()
        engines.amount_invoiced = 0
        super(SaleOrderLine, self - engines)._compute_amount_invoiced()

    def _compute_untaxed_amount_to_invoice(self):
        engines = self._fusion_engines()
        engines.untaxed_amount_to_invoice = 0
        super(SaleOrderLine, self - engines)._compute_untaxed_amount_to_invoice()

    def _compute_amount_to_invoice(self):
        engines = self._fusion_engines()
        engines.amount_to_invoice = 0
        super(SaleOrderLine, self - engines)._compute_amount_to_invoice()

    def _compute_invoice_status(self):
        engines = self._fusion_engines()
        engines.invoice_status = "no"
        super(SaleOrderLine, self - engines)._compute_invoice_status()

    # === WHAT USAGE LINES SHOW === #

    def _compute_price_unit(self):
        # The price of usage comes from the ledger: no pricelist may touch it.
        super(
            SaleOrderLine, self.filtered(lambda line: not line.fusion_charge_id)
        )._compute_price_unit()

    def _compute_discount(self):
        usage_lines = self.filtered("fusion_charge_id")
        usage_lines.discount = 0
        super(SaleOrderLine, self - usage_lines)._compute_discount()

    def _compute_product_updatable(self):
        super()._compute_product_updatable()
        # A charge may be given another product, and its lines follow.
        self.filtered("fusion_charge_id").product_updatable = True

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & SHOWN and not is_engine(self.env):
            self.filtered("fusion_charge_id").order_id._fusion_show_usage()
        return result

    # === HELPERS === #

    @contextmanager
    def _fusion_without_history(self):
        """Spare core from reading all documents of these lines, in search of down payments: the
        ledger's lines have none, and a subscription may be billed for many years.
        """
        self._fields["invoice_lines"]._update_cache(self, ())
        try:
            yield
        finally:
            self.invalidate_recordset(["invoice_lines"], flush=False)

    def _fusion_engines(self):
        """Return those of these lines that the ledger bills."""
        # sudo: whoever looks at an order, its fees are what they are.
        engines = self.sudo().filtered(
            lambda line: line.order_id.fusion_plan_id and line._fusion_is_engines()
        )
        return engines.sudo(self.env.su)


class SaleOrder(models.Model):
    """What Odoo's own buttons may do with subscriptions."""

    _inherit = "sale.order"

    def _get_invoiceable_lines(self, final=False):
        lines = super()._get_invoiceable_lines(final)
        return lines - lines._fusion_engines()

    def _force_lines_to_invoice_policy_order(self):
        # Who pays a quotation online has the order invoiced, but not what the ledger bills.
        super()._force_lines_to_invoice_policy_order()
        self.order_line._fusion_engines().qty_to_invoice = 0

    def _get_update_prices_lines(self):
        return super()._get_update_prices_lines().filtered(lambda line: not line.fusion_charge_id)

    def _recompute_taxes(self):
        super()._recompute_taxes()
        self.filtered("fusion_phase_ids")._fusion_show_usage()

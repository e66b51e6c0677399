from odoo import models
from odoo.tools import format_date

from ..base.staff import check_staff


class SaleOrder(models.Model):
    """What staff press to have a subscription billed."""

    _inherit = "sale.order"

    def action_fusion_invoice_now(self):
        """Bill what is due by today and what waits for the next document, and open the invoices."""
        self.ensure_one()
        check_staff(self)
        invoices = self._fusion_bill_until(self._fusion_today(), asked=True)
        self._fusion_clear_failure("invoicing")
        if invoices:
            return self.action_view_invoice(invoices)
        return self._fusion_notify("info", self._fusion_explain_no_invoice())

    def _fusion_explain_no_invoice(self):
        if not self.fusion_next_invoice_date:
            return self.env._("There was nothing left to pay: no invoice was needed.")
        return self.env._(
            "Nothing to invoice now. The open billing period ends when %s begins.",
            format_date(self.env, self.fusion_next_invoice_date),
        )

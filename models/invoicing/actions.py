from odoo import models
from odoo.tools import format_date

from ..base.staff import check_staff


class SaleOrder(models.Model):
    """What staff press to have subscriptions billed."""

    _inherit = "sale.order"

    def action_fusion_invoice_now(self):
        """Show the documents that will be made; if there are none, say so and move on."""
        check_staff(self)
        wizard = self.env["fusion.billing.invoice.wizard"].create({"subscription_ids": self.ids})
        if wizard.shown:
            return wizard._open()
        return self._fusion_open_invoices(self._fusion_invoice_now())

    def action_fusion_preview_invoice(self):
        """Show the documents that will be made at the end of the open billing periods."""
        check_staff(self)
        wizard = self.env["fusion.billing.invoice.wizard"].create(
            {"subscription_ids": self.ids, "moment": "period"}
        )
        return wizard._open()

    def _fusion_documents_now(self):
        """Return the documents that `_fusion_invoice_now` would make, in plain values."""
        return [
            document
            for company, orders in self.grouped("company_id").items()
            for document in orders._fusion_upcoming_documents(company._fusion_today())
        ]

    def _fusion_invoice_now(self):
        """Bill what is due by today, and what waits for the next document; return the invoices."""
        invoices = self.env["account.move"].union(
            *(
                orders._fusion_bill_until(company._fusion_today(), asked=True)
                for company, orders in self.grouped("company_id").items()
            )
        )
        self._fusion_clear_failure("invoicing")
        return invoices

    def _fusion_open_invoices(self, invoices):
        """Open the invoices that were made, or say why there are none."""
        if invoices:
            return self[:1].action_view_invoice(invoices)
        return self._fusion_notify("info", self._fusion_explain_no_invoice())

    def _fusion_explain_no_invoice(self):
        days = [day for day in self.mapped("fusion_next_invoice_date") if day]
        if not days:
            return self.env._("There was nothing left to pay: no invoice was needed.")
        return self.env._(
            "Nothing to invoice now. The open billing period ends when %s begins.",
            format_date(self.env, min(days)),
        )

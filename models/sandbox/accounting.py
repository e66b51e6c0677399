from odoo import models

MARK = "TEST"
CODE_LENGTH = 5  # as Odoo has it for journals


class ResCompany(models.Model):
    """The accounting of a sandbox: as the company's, and marked as a test wherever it is seen."""

    _inherit = "res.company"

    def _fusion_copy_accounting(self, real):
        """Give a sandbox a chart of accounts, exchange rates and numbers like a company's own."""
        chart = real.chart_template or real.root_id.chart_template
        if chart:
            self.env["account.chart.template"].try_loading(chart, self, install_demo=False)
        self._fusion_mark_journals()
        self._fusion_number_orders()
        self._fusion_copy_rates(real)

    def _fusion_mark_journals(self):
        """Let the names of journals, and the numbers of their documents, say that it is a test."""
        journals = self.env["account.journal"].search([("company_id", "=", self.id)])
        taken = set(journals.mapped("code"))
        for journal in journals:
            code = f"T{journal.code}"[:CODE_LENGTH]
            journal.name = f"{MARK} {journal.name}"
            if code not in taken:
                taken.add(code)
                journal.code = code

    def _fusion_number_orders(self):
        """Let orders have numbers of their own: no number of the company's is used up."""
        self.env["ir.sequence"].create(
            {
                "name": self.env._("Sales Order of %s", self.name),
                "code": "sale.order",
                "prefix": f"{MARK}/S",
                "padding": 5,
                "company_id": self.id,
            }
        )

    def _fusion_copy_rates(self, real):
        rates = self.env["res.currency.rate"]
        known = rates.search([("company_id", "=", real.root_id.id)])
        rates.create(
            [
                {
                    "company_id": self.id,
                    "currency_id": rate.currency_id.id,
                    "name": rate.name,
                    "rate": rate.rate,
                }
                for rate in known
            ]
        )

    def _fusion_map_taxes(self, taxes):
        """Return the sandbox's own taxes for a company's: those of the same name and amount."""
        own = self.env["account.tax"].search([("company_id", "=", self.id)])
        known = {(tax.name, tax.amount, tax.type_tax_use): tax for tax in own}
        return own.browse().union(
            *(known.get((tax.name, tax.amount, tax.type_tax_use), own[:0]) for tax in taxes)
        )

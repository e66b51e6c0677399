from odoo import models
from odoo.tools import groupby

from ..base.retry import left_if_busy
from .case import LEFT_ALONE


class PartnerMerge(models.TransientModel):
    """Contacts of which one is made are late as one."""

    _inherit = "base.partner.merge.automatic.wizard"

    def _update_foreign_keys(self, src_partners, dst_partner):
        # sudo: who merges contacts need not know who is late.
        self.env["fusion.billing.dunning.case"].sudo()._join(src_partners | dst_partner)
        return super()._update_foreign_keys(src_partners, dst_partner)


class FusionBillingDunningCase(models.Model):
    """How the cases of contacts that become one customer become one."""

    _inherit = "fusion.billing.dunning.case"

    def _follow_customers(self):
        """Let cases go on with the company that their customer has become a part of: invoices do,
        and so no step is taken anew.
        """
        for case in self.search([("closed_on", "=", False)]):
            customer = case.partner_id.commercial_partner_id
            if customer != case.partner_id:
                with left_if_busy(self.env):
                    self._join(case.partner_id | customer)
                    # The later of two is closed, and stays with whom it was opened for.
                    case.filtered(lambda one: not one.closed_on).partner_id = customer
                    case.flush_recordset()

    def _join(self, partners):
        """Leave one open case to some customers for each company and currency: the first one."""
        cases = self.search([("partner_id", "in", partners.ids), ("closed_on", "=", False)])
        same = groupby(cases.sorted("id"), lambda case: (case.company_id, case.currency_id))
        for _key, [kept, *others] in same:
            for case in others:
                case._go_on_in(kept)
        self.env.flush_all()

    def _go_on_in(self, kept):
        """Close this case without an end to what was done: another one goes on with it."""
        kept.invoice_ids |= self.invoice_ids
        self._end(LEFT_ALONE)
        self._message_log(
            body=self.env._("The customer was merged: it goes on in %s.", kept.display_name)
        )

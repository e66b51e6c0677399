from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..base.engine import as_engine
from ..base.staff import BILLING, check_staff
from .trigger import trigger


class AccountMove(models.Model):
    """Invoices that are overdue, and those that somebody disputes."""

    _inherit = "account.move"

    fusion_is_disputed = fields.Boolean(
        "Disputed",
        copy=False,
        tracking=True,
        groups=BILLING,
        help="It is neither charged to a saved payment method nor dunned until that is settled.",
    )

    @api.model
    def _fusion_own_fields(self):
        return super()._fusion_own_fields() | {"fusion_is_disputed"}

    # === LOOKING === #

    @api.model
    def _fusion_unpaid_domain(self):
        """Return the domain of the engine's invoices of which something is left to pay."""
        return (
            Domain("move_type", "=", "out_invoice")
            & Domain("state", "=", "posted")
            & Domain("payment_state", "in", ("not_paid", "partial"))
            & Domain("fusion_bill_on", "!=", False)
        )

    @api.model
    def _fusion_late_domain(self, companies):
        """Return the domain of invoices that are overdue in some companies, and not disputed."""
        past_due = companies._fusion_domain_at(
            lambda company: company._fusion_today(),
            lambda today: Domain("invoice_date_due", "<", today),
        )
        return past_due & self._fusion_unpaid_domain() & Domain("fusion_is_disputed", "=", False)

    @api.model
    def _fusion_late_of(self, partners, companies):
        """Return what customers are late with in companies, the oldest first."""
        # sudo: what is overdue does not depend on who looks; apps and the portal ask, too.
        invoices = self.sudo()
        late = invoices.search(
            invoices._fusion_late_domain(companies.sudo())
            & Domain("commercial_partner_id", "in", partners.ids)
        )
        return late._fusion_oldest_first()

    def _fusion_oldest_first(self):
        return self.sorted(lambda invoice: (invoice.invoice_date_due, invoice.id))

    # === WHAT CHANGES IT === #

    def _invoice_paid_hook(self):
        """Whatever was paused goes on at once, whoever paid how."""
        result = super()._invoice_paid_hook()
        if self.filtered("fusion_bill_on").commercial_partner_id.sudo()._fusion_is_dunned():
            trigger(self.env)
        return result

    def action_fusion_dispute(self):
        """Leave this invoice alone until what the customer says against it is settled."""
        self._fusion_set_disputed(True)

    def action_fusion_settle_dispute(self):
        """Go on collecting this invoice."""
        self._fusion_set_disputed(False)

    def _fusion_set_disputed(self, is_disputed):
        check_staff(self)
        # Who said so stands in the chatter.
        noted = as_engine(self).with_context(tracking_disable=False, mail_notrack=False)
        noted.fusion_is_disputed = is_disputed
        trigger(self.env)

    # === COLLECTION === #

    def _fusion_is_held_back(self):
        return self.fusion_is_disputed or super()._fusion_is_held_back()

    def _fusion_check_can_charge(self):
        super()._fusion_check_can_charge()
        if self.fusion_is_disputed:
            raise UserError(
                self.env._("You cannot charge %s: the customer disputes it.", self.display_name)
            )

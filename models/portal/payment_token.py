from odoo import models
from odoo.tools import format_date


class PaymentToken(models.Model):
    """What customers are told of a saved payment method."""

    _inherit = "payment.token"

    def get_linked_records_info(self):
        """Odoo's dialog names what is charged to a payment method before it is removed."""
        return super().get_linked_records_info() + [
            {
                "description": self.env._("Subscription"),
                "id": order.id,
                "name": f"{order.name}, {order.sudo().fusion_plan_id.name}",
                "url": order._fusion_portal_url(),
            }
            for order in self._fusion_linked_subscriptions()
        ]

    def _fusion_linked_subscriptions(self):
        """Return what is charged to this payment method, for those whose business it is.

        Odoo's dialog asks without rights: anybody may name any payment method. Who pays for others
        is told, too, though they do not see their subscriptions.
        """
        self.ensure_one()
        user, token = self.env.user, self.sudo()  # sudo: a company's methods are its people's, too.
        charged = token._fusion_charged_subscriptions()
        if token.partner_id.commercial_partner_id == user.commercial_partner_id:
            return charged
        if user.has_group("fusion_billing.group_user"):
            return charged.with_env(self.env)._filtered_access("read")
        return charged.browse()

    def _fusion_is_of(self, partner):
        """Whether somebody saved this payment method, or their company: others see its name."""
        self.ensure_one()
        return self.partner_id in partner | partner.commercial_partner_id

    def _fusion_portal_expiry(self):
        """Return when this payment method expires, as people read it: empty if it is not known."""
        if not self.fusion_expires_on:
            return ""
        month = format_date(self.env, self.fusion_expires_on, date_format="MM/yyyy")
        if self._fusion_has_expired():
            return self.env._("Expired %s", month)
        return self.env._("Expires %s", month)

    def _fusion_describe(self, partner):
        """Return what somebody of the customer reads of this payment method."""
        is_own = self._fusion_is_of(partner)
        return {
            "id": self.id,
            "name": self.display_name,
            "is_own": is_own,
            "expiry": self._fusion_portal_expiry() if is_own else "",
        }

from odoo import fields, models
from odoo.fields import Domain

from ..base.staff import check_staff

STAFF = "fusion_billing.group_user"
SUBSCRIPTIONS = Domain("fusion_plan_id", "!=", False)


class ResPartner(models.Model):
    """What billing staff see of a customer: of a company with all its contacts."""

    _inherit = "res.partner"

    fusion_subscription_count = fields.Integer(
        "Subscriptions", compute="_compute_fusion_subscriptions", groups=STAFF
    )
    fusion_due_amount = fields.Monetary(
        "Due",
        compute="_compute_fusion_subscriptions",
        groups=STAFF,
        help="What their subscriptions owe until now and what stands on no document, before tax,"
        " at today's exchange rates.",
    )

    def _compute_fusion_subscriptions(self):
        for partner in self:
            theirs = Domain("partner_id", "child_of", partner.ids)
            partner.fusion_subscription_count = self.env["sale.order"].search_count(
                SUBSCRIPTIONS & theirs
            )
            [[due]] = self.env["fusion.billing.rating"]._read_group(
                Domain("due", "!=", 0) & Domain("subscription_id", "any", theirs),
                [],
                ["due:sum_currency"],
            )
            partner.fusion_due_amount = due

    # === ACTIONS === #

    def action_view_fusion_subscriptions(self):
        action = self._fusion_open("fusion_billing.sale_order_action", "partner_id", SUBSCRIPTIONS)
        context = {"default_partner_id": self.id, "fusion_subscription": True}
        return dict(action, context=context)

    def action_view_fusion_usage(self):
        return self._fusion_open(
            "fusion_billing.fusion_billing_usage_action", "subscription_id.partner_id"
        )

    def action_view_fusion_due(self):
        return self._fusion_open(
            "fusion_billing.fusion_billing_rating_action_due",
            "subscription_id.partner_id",
            Domain("due", "!=", 0),
        )

    def _fusion_open(self, xmlid, path, domain=Domain.TRUE):
        """Open a list of what belongs to the customer.

        :param str path: from a record of the list to the customer
        """
        self.ensure_one()
        check_staff(self, "read")
        action = self.env["ir.actions.actions"]._for_xml_id(xmlid)
        domain &= Domain(path, "child_of", self.ids)
        return dict(action, domain=list(domain), context={"fill_temporal": False})

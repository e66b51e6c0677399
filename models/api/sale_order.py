from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL


class SaleOrder(models.Model):
    """What apps are told of a subscription, beside what its fields show."""

    _inherit = "sale.order"

    fusion_is_unknown = fields.Boolean(
        "Unknown to Apps",
        compute="_compute_fusion_is_unknown",
        search="_search_fusion_is_unknown",
        groups="fusion_billing.group_user",
        help="No app is linked to the customer or to a contact of theirs: none can push usage.",
    )

    @property
    def _rec_names_search(self):
        """Find a subscription by the app's id of it, wherever one is looked for."""
        return [*super()._rec_names_search, "fusion_external_id"]

    @api.depends("partner_id", "company_id")
    def _compute_fusion_is_unknown(self):
        unknown = self.search([("id", "in", self.ids), ("fusion_is_unknown", "=", True)])
        for order in self:
            order.fusion_is_unknown = order._origin in unknown

    def _search_fusion_is_unknown(self, operator, value):
        """As the API looks for a subscription's customer (U1), for all of them at once."""
        # Odoo asks who may read a field only where it makes the search itself.
        self._check_field_access(self._fields["fusion_is_unknown"], "read")
        if operator != "in":
            return NotImplemented
        self.env["fusion.billing.account.link"].flush_model(["partner_id", "company_id"])
        self.env["res.partner"].flush_model(["commercial_partner_id"])
        return Domain.custom(
            to_sql=lambda _model, alias, _query: SQL(
                UNKNOWN,
                company=SQL.identifier(alias, "company_id"),
                customer=SQL.identifier(alias, "partner_id"),
            )
        )

    def _fusion_planned_plan(self):
        """Return the phase in which the next change of plan begins; an empty one if none is
        planned.
        """
        self.ensure_one()
        # sudo: what is planned does not depend on who looks.
        planned = self.sudo()._fusion_planned_changes().sorted("date_from")
        return planned.filtered(
            lambda phase: phase.state != "closed" and phase.plan_id != self.fusion_plan_id
        )[:1]

    def _fusion_planned_start(self, plan, day):
        """Return the phase that is to come with which a plan begins that is in force on a later
        day; an empty one if there is none.
        """
        timeline = self._fusion_timeline()
        starts = {
            days.start
            for days in timeline.days_by_plan()[plan.id]
            if timeline.start < days.start < day < days.end
        }
        # sudo: what is planned does not depend on who looks.
        planned = self.sudo()._fusion_planned_changes()
        return planned.filtered(lambda phase: phase.date_from in starts)


# A customer is a company with all its contacts.
UNKNOWN = """
(%(company)s, %(customer)s) NOT IN (
    SELECT link.company_id, contact.id
      FROM fusion_billing_account_link AS link
      JOIN res_partner AS linked ON linked.id = link.partner_id
      JOIN res_partner AS contact ON contact.commercial_partner_id = linked.commercial_partner_id)
"""

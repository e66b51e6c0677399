from odoo import fields, models
from odoo.exceptions import AccessError


class DigestDigest(models.Model):
    """What recurring revenue has become, in the e-mail that people get every week.

    The names begin as Odoo's digests need them.
    """

    _inherit = "digest.digest"

    kpi_fusion_recurring = fields.Boolean("Recurring Revenue Gained")
    kpi_fusion_recurring_value = fields.Monetary(compute="_compute_kpi_fusion_recurring_value")

    def _compute_kpi_fusion_recurring_value(self):
        """By how much recurring revenue moved in the time that an e-mail is about."""
        if not self.env.user.has_group("fusion_billing.group_user"):
            # Odoo leaves the figure out for whoever may not see it.
            raise AccessError(self.env._("You cannot see this figure: only billing staff can."))
        start, end, companies = self._get_kpi_compute_parameters()
        companies = companies._fusion_real()
        gained = dict(
            self.env["fusion.billing.revenue.movement"]._read_group(
                [("company_id", "in", companies.ids), ("date", ">", start), ("date", "<=", end)],
                ["company_id"],
                ["amount:sum"],
            )
        )
        for digest in self:
            company = digest.company_id or self.env.company
            digest.kpi_fusion_recurring_value = gained.get(company, 0)

    def _compute_kpis_actions(self, company, user):
        actions = super()._compute_kpis_actions(company, user)
        menu = self.env.ref("fusion_billing.fusion_billing_menu_root")
        dashboard = "fusion_billing.fusion_billing_dashboard_action"
        actions["kpi_fusion_recurring"] = f"{dashboard}?menu_id={menu.id}"
        return actions

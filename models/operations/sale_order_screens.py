from odoo import api, models

OURS = (
    "fusion_billing.sale_order_action",
    "fusion_billing.sale_order_action_of_service",
    "fusion_billing.sale_order_action_report",
)
# What Odoo offers for orders and what makes no sense for a subscription: it is closed, not
# cancelled; the engine invoices it; what it owes is in the ledger, and not in its quantities.
NOT_OFFERED = (
    "sale.action_mass_cancel_orders",
    "sale.action_view_sale_advance_payment_inv",
    "sale.action_accrued_revenue_entry",
    "sale.action_sale_order_generate_link",
    "sale.action_report_pro_forma_invoice",
)
# What we offer for subscriptions, and what makes no sense for other orders.
OFFERED = (
    "fusion_billing.sale_order_action_change_plan",
    "fusion_billing.sale_order_action_rate_now",
    "fusion_billing.sale_order_action_resume",
)


class SaleOrder(models.Model):
    """What Odoo's menus offer where subscriptions are shown."""

    _inherit = "sale.order"

    @api.model
    def get_views(self, views, options=None):
        answer = super().get_views(views, options)
        is_ours = (options or {}).get("action_id") in self._fusion_ids(OURS)
        hidden = self._fusion_ids(NOT_OFFERED if is_ours else OFFERED)
        for view in answer["views"].values():
            for kind, actions in view.get("toolbar", {}).items():
                kept = [action for action in actions if action["id"] not in hidden]
                view["toolbar"][kind] = kept
        return answer

    def _fusion_ids(self, xmlids):
        found = (self.env.ref(xmlid, raise_if_not_found=False) for xmlid in xmlids)
        return {record.id for record in found if record}

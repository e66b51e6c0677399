from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import groupby

from ..base.staff import check_staff
from ..portal.page import Page

STAFF = "fusion_billing.group_user"
DAY = timedelta(days=1)


class StaffPage(Page):
    """A billing period as staff see it on the subscription: it has no charts, and opens fast."""

    def _describe_charges(self):
        pairs = zip(self._lines, self._projected, strict=True)
        return [
            {
                "name": charge.metric_id.name,
                "only": charge.filter_summary,
                "lines": [self._describe_line(*pair) for pair in group],
            }
            for charge, group in groupby(pairs, key=lambda pair: pair[0].target.source)
        ]


class SaleOrder(models.Model):
    """What billing staff see of a subscription at a glance. All of it is read from the ledger."""

    _inherit = "sale.order"

    fusion_period_page = fields.Html(
        "This Period",
        compute="_compute_fusion_period_page",
        sanitize=False,
        technical=True,
        groups=STAFF,
    )
    fusion_last_day = fields.Date(
        "Last Day Billed", compute="_compute_fusion_last_day", groups=STAFF
    )
    fusion_owed_amount = fields.Monetary(
        "Owed",
        compute="_compute_fusion_account",
        groups=STAFF,
        help="Everything that fees and usage came to since the subscription began, before tax.",
    )
    fusion_settled_amount = fields.Monetary(
        "Settled",
        compute="_compute_fusion_account",
        groups=STAFF,
        help="What of it stands on documents that are not cancelled, drafts included.",
    )
    fusion_waived_amount = fields.Monetary(
        "Waived", compute="_compute_fusion_account", groups=STAFF
    )
    fusion_unpaid_amount = fields.Monetary(
        "Unpaid",
        compute="_compute_fusion_unpaid_amount",
        groups=STAFF,
        help="What posted documents of the subscription leave to be paid, with taxes.",
    )
    fusion_is_unreachable = fields.Boolean(
        compute="_compute_fusion_is_unreachable",
        technical=True,
        groups=STAFF,
        help="It is billed by usage, and no app can push any to it.",
    )

    # === COMPUTE METHODS === #

    @api.depends("fusion_rating_ids.amount", "fusion_last_invoice_date", "fusion_state")
    @api.depends_context("lang")
    def _compute_fusion_period_page(self):
        for order in self:
            # sudo: what is owed does not depend on who looks.
            subscription = order._origin.sudo()
            order.fusion_period_page = subscription._fusion_has_begun() and self.env[
                "ir.qweb"
            ]._render("fusion_billing.period_page", StaffPage(subscription).values())

    @api.depends("fusion_end_date")
    def _compute_fusion_last_day(self):
        for order in self:
            order.fusion_last_day = order.fusion_end_date and order.fusion_end_date - DAY

    @api.depends(
        "fusion_rating_ids.amount", "fusion_rating_ids.settled", "fusion_rating_ids.waived"
    )
    def _compute_fusion_account(self):
        groups = self.env["fusion.billing.rating"]._read_group(
            [("subscription_id", "in", self.ids)],
            ["subscription_id"],
            ["amount:sum", "settled:sum", "waived:sum"],
        )
        sums = {order.id: amounts for order, *amounts in groups}
        for order in self:
            owed, settled, waived = sums.get(order._origin.id, (0, 0, 0))
            order.fusion_owed_amount = owed
            order.fusion_settled_amount = settled
            order.fusion_waived_amount = waived

    @api.depends("fusion_rating_ids.settled")
    def _compute_fusion_unpaid_amount(self):
        for order in self:
            # sudo: billing staff see what is unpaid, whether or not they do the accounts.
            moves = self.env["account.move"].sudo()
            unpaid = moves.search(order._fusion_unpaid_domain()) if order.fusion_state else moves
            order.fusion_unpaid_amount = sum(
                -move.amount_residual if move.move_type == "out_refund" else move.amount_residual
                for move in unpaid
            )

    @api.depends("fusion_state", "fusion_plan_id", "partner_id")
    def _compute_fusion_is_unreachable(self):
        for order in self:
            order.fusion_is_unreachable = (
                order._fusion_is_running()
                and bool(order.fusion_plan_id.charge_ids)
                and order.fusion_is_unknown
            )

    def _fusion_unpaid_domain(self):
        """Return the domain of posted documents of these subscriptions that are not paid."""
        return (
            Domain("state", "=", "posted")
            & Domain("payment_state", "in", ("not_paid", "partial"))
            & Domain("move_type", "in", ("out_invoice", "out_refund"))
            & Domain("invoice_line_ids.sale_line_ids.order_id", "in", self.ids)
        )

    # === ACTIONS === #

    def action_view_fusion_unpaid(self):
        """Open the documents that are not paid."""
        self.ensure_one()
        check_staff(self, "read")
        action = self.env["ir.actions.actions"]._for_xml_id("account.action_move_out_invoice_type")
        return dict(action, domain=list(self._fusion_unpaid_domain()), context={})

    def action_fusion_link_customer(self):
        """Ask for the service that knows the customer, and for the customer's id in it."""
        self.ensure_one()
        check_staff(self)
        services = self.env["fusion.billing.service"].search(
            [("company_id", "=", self.company_id.id)], limit=2
        )
        service = self.fusion_service_id or (services if len(services) == 1 else None)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Link the Customer to an App"),
            "res_model": "fusion.billing.account.link",
            "views": [(False, "form")],
            "target": "new",
            "context": {
                "default_partner_id": self.partner_id.commercial_partner_id.id,
                "default_service_id": service and service.id,
            },
        }

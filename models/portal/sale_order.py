from decimal import Decimal

from odoo import api, models
from odoo.fields import Domain

from ...core.money.timeline import DAY
from ..base.subscription_states import STARTED
from ..base.wording import format_period
from ..catalog.price_wording import format_price

LATEST = 12  # billing periods and invoices that a page lists


class SaleOrder(models.Model):
    """What customers see of their subscriptions in the portal."""

    _inherit = "sale.order"

    # === FINDING === #

    @api.model
    def _fusion_portal_domain(self, partner):
        """Return the domain of the subscriptions of a customer: a company with its contacts."""
        return self._fusion_subscription_domain(STARTED) & Domain(
            "partner_id", "child_of", partner.commercial_partner_id.ids
        )

    def _fusion_portal_url(self, suffix=""):
        """Return where a customer finds this subscription."""
        self.ensure_one()
        return f"/my/subscriptions/{self.id}{suffix}"

    def _get_access_action(self, access_uid=None, force_website=False):
        """Links in e-mails lead a customer to the subscription, from where the order is a click."""
        action = super()._get_access_action(access_uid=access_uid, force_website=force_website)
        if action.get("type") == "ir.actions.act_url" and self._fusion_has_begun():
            page = self.access_url
            action["url"] = action["url"].replace(page, self._fusion_portal_url(), 1)
        return action

    # === WHAT THE PAGE SHOWS BESIDE A BILLING PERIOD === #

    def _fusion_portal_state(self):
        """Return the state that is shown: once the end has come it is closed (T3)."""
        self.ensure_one()
        running = self._fusion_is_running()
        return self.fusion_state if running else "6_churn"

    def _fusion_last_day(self):
        """Return the last day of a subscription that ends, or that has ended."""
        self.ensure_one()
        return self.fusion_end_date and self.fusion_end_date - DAY

    def _fusion_portal_changes(self):
        """Say what is to come: phases, and fees that do not go with them."""
        self.ensure_one()
        order = self.sudo()  # sudo: the customer reads it here, and not the timeline itself.
        phases = order._fusion_planned_changes()
        return [
            *(phase._describe() for phase in phases),
            *order.fusion_item_ids._describe_plans(order._fusion_today()),
        ]

    def _fusion_portal_periods(self):
        """Return the latest billing periods and what they come to, the newest first."""
        self.ensure_one()
        rows = (
            self.env["fusion.billing.rating"]
            .sudo()  # sudo: the customer reads these sums, and not the ledger itself.
            ._read_group(
                Domain("subscription_id", "=", self.id)
                & Domain("cycle_start", "<", self._fusion_opened_on()),
                ["cycle_start:day", "cycle_end:day"],
                ["amount:sum"],
                order="cycle_start:day desc",
                limit=LATEST,
            )
        )
        return [
            {
                "day": start.isoformat(),
                "name": format_period(self.env, start, end),
                "amount": format_price(
                    self.env, Decimal(repr(self.currency_id.round(amount))), self.currency_id
                ),
            }
            for start, end, amount in rows
        ]

    def _fusion_portal_invoices(self):
        """Return the latest documents that a customer has been given."""
        self.ensure_one()
        posted = self.sudo().invoice_ids.filtered(lambda move: move.state == "posted")
        return posted.sorted(lambda move: (move.invoice_date, move.id), reverse=True)[:LATEST]

    def _fusion_portal_day(self):
        """Return the day whose prices are shown: today, or the first one."""
        self.ensure_one()
        return max(self._fusion_today(), self.fusion_start_date)

"""A customer's way through the portal, in a real browser of a phone's width."""

from odoo import fields
from odoo.fields import Command
from odoo.tests import tagged

from ..portal_case import PortalCase
from ..tour_case import TourCase


@tagged("-at_install", "post_install")
class TestPortalTour(PortalCase, TourCase):
    browser_size = "390x844"
    touch_enabled = True

    def test_a_customer_looks_sets_a_budget_changes_the_plan_and_cancels(self):
        business = self._plan(
            "business",
            name="Business",
            customer_closing="period_end",
            fee_ids=[Command.create({"product_id": self._product("Business fee").id})],
        )
        self.plan.customer_plan_ids = business
        self.subscription = self._subscribe(fields.Date.today())
        self._use(self.subscription, 130.5, fields.Datetime.now().isoformat())
        self._rate()
        self._tour("portal", self.customer, url="/my")
        self.assertEqual(self.subscription.fusion_plan_id, business)
        self.assertEqual(
            self.subscription.fusion_end_date, self.subscription.fusion_next_invoice_date
        )
        self.assertEqual(self.subscription._fusion_budget(), 50)
        self.assertEqual(self.subscription._fusion_alerts(), [40])

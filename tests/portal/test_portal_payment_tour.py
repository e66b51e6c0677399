"""A customer looks after what is charged, in a real browser of a phone's width."""

from odoo.tests import tagged

from ..portal_payment_case import PortalPaymentCase
from ..tour_case import TourCase


@tagged("-at_install", "post_install")
class TestPortalPaymentTour(PortalPaymentCase, TourCase):
    today = None
    browser_size = "390x844"
    touch_enabled = True

    def test_a_customer_chooses_a_card_and_removes_it_and_is_told_what_is_charged_to_it(self):
        self._tour("payment", self.customer, url=self._path())
        self.assertFalse(self.companys.active)
        self.assertEqual(self._charged(), self.own)
        [said] = [words for _author, words in self._notes() if "was removed" in words]
        self.assertIn("invoices are charged to •••• 3333 now", said)

from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from ..collection_case import ATTEMPT
from ..dunning_case import CASE, DunningCase


@tagged("post_install", "-at_install")
class TestDunningMeetings(DunningCase):
    """What meets dunning: changed policies, disputes, two who pay, and one who pays twice."""

    def setUp(self):
        super().setUp()
        self.invoice = self._invoice()
        self.order = self.invoice._fusion_subscription()

    def _phase(self, order, late):
        return order._fusion_timeline().on(self._day(late)).state

    def _case_of(self, partner):
        return self.env[CASE].search([("partner_id", "=", partner.id)], limit=1)

    # === A POLICY THAT CHANGES === #

    def test_a_step_that_is_put_off_after_it_was_taken_is_not_taken_again(self):
        step = self._add_step(3, "mail")
        self._dun(3)
        step.days = 5
        self._add_step(7)
        for late in (5, 7):
            self._dun(late)
        self.assertTaken((3, "mail"), (7, "tell"))

    # === A DISPUTE === #

    def test_what_is_disputed_before_a_charge_goes_out_is_not_charged(self):
        self.plan.collects = True
        self._add_step(3, "retry")
        self._dun(3)
        self.invoice.action_fusion_dispute()
        self._collect()
        self.assertAttempts(self.invoice, ("failed", 49))
        self.assertFalse(self.invoice.fusion_attempt_ids.sent_at)

    def test_managers_do_not_charge_what_is_disputed_either(self):
        self.invoice.action_fusion_dispute()
        with self.assertRaisesRegex(UserError, "the customer disputes it"):
            self.invoice.action_fusion_charge_now()

    def test_what_is_paid_without_an_entry_in_the_books_before_a_charge_goes_out_is_not_charged(
        self,
    ):
        """With Odoo's Accounting app what is left to pay stays until the bank says it, too."""
        self.patch(
            self.registry["account.move"],
            "_get_invoice_in_payment_state",
            lambda _self: "in_payment",
        )
        self.plan.collects = True
        self._add_step(3, "retry")
        self._dun(3)
        self._pay_by_hand(self.invoice)
        self.assertEqual(
            (self.invoice.payment_state, self.invoice.amount_residual), ("in_payment", 49)
        )
        self._collect()
        self.assertFalse(self.invoice.fusion_attempt_ids.sent_at)

    # === TWO WHO PAY === #

    def _billed_to(self, payer):
        """A subscription of the customer that somebody else pays for, from 1 January on."""
        with freeze_time("2026-01-01"):
            order = self._start(partner_invoice_id=payer.id)
            self._bill()
        self.assertEqual(order.invoice_ids.commercial_partner_id, payer)
        return order

    def test_who_pays_for_themselves_resumes_nothing_that_another_has_not_paid(self):
        payer = self.env["res.partner"].create({"name": "Payer"})
        order = self._billed_to(payer)
        self._add_step(5, "pause")
        self._dun(5)
        self.assertEqual([self._phase(one, 6) for one in (self.order, order)], ["unpaid"] * 2)
        self._pay_by_hand(self.invoice)
        self._dun(9)
        self.assertEqual(self._case_of(self.partner).outcome, "paid")
        self.assertEqual([self._phase(one, 9) for one in (self.order, order)], ["active", "unpaid"])

    def test_what_another_pays_for_goes_on_also_once_the_invoice_is_no_more(self):
        payer = self.env["res.partner"].create({"name": "Payer"})
        order = self._billed_to(payer)
        self._add_step(5, "pause")
        self._dun(5)
        order.invoice_ids.button_draft()
        order.invoice_ids.unlink()
        self._dun(9)
        self.assertTrue(self._case_of(payer).closed_on)
        self.assertEqual(self._phase(order, 9), "active")

    def test_what_two_were_billed_for_goes_on_once_both_have_paid(self):
        self.order.partner_invoice_id = self.env["res.partner"].create({"name": "Payer"})
        with freeze_time("2026-02-01"):
            self._bill()
        later = self.order.invoice_ids - self.invoice
        self._add_step(5, "pause")
        self._dun(40)
        self._pay_by_hand(self.invoice)
        self._dun(42)
        self.assertEqual(self._case_of(self.partner).outcome, "paid")
        self.assertEqual(self._phase(self.order, 42), "unpaid")
        self._pay_by_hand(later)
        self._dun(44)
        self.assertEqual([self._phase(self.order, day) for day in (43, 44)], ["unpaid", "active"])

    def test_a_pause_that_would_begin_later_does_not_once_the_invoice_is_no_more(self):
        self._use(self.order, 1, start="2026-01-20")
        self._add_step(5, "pause")
        self._dun(5)
        self.assertEqual(self._phase(self.order, 20), "unpaid")
        self.invoice.button_draft()
        self.invoice.unlink()
        self._dun(9)
        self.assertEqual(self._phase(self.order, 20), "active")

    # === ONE WHO PAYS TWICE === #

    def _begin_to_pay(self, reference="portal", **vals):
        return self.env["payment.transaction"].create(
            {
                "provider_id": self.provider.id,
                "payment_method_id": self.token.payment_method_id.id,
                "reference": reference,
                "operation": "online_direct",
                "amount": 49,
                "currency_id": self.invoice.currency_id.id,
                "partner_id": self.partner.id,
                "invoice_ids": [(6, 0, self.invoice.ids)],
                **vals,
            }
        )

    def test_what_was_paid_and_is_not_registered_yet_is_not_paid_once_more(self):
        self._dun(1)
        self._begin_to_pay(state="done")
        with freeze_time(self._day(1)):
            self.assertFalse(self.case._can_be_paid())
            with self.assertRaisesRegex(UserError, "You cannot pay now"):
                self.case._check_can_be_paid()

    def test_who_went_away_may_begin_anew(self):
        self._dun(1)
        self._begin_to_pay(state="draft")
        with freeze_time(self._day(1)):
            self.assertTrue(self.case._can_be_paid())

    def test_one_payment_of_all_settles_each_invoice(self):
        with freeze_time("2026-02-01"):
            self._bill()
        self._dun(40)
        late = self.case.late_invoice_ids
        self._pay_by_hand(late[1], 9)
        with freeze_time(self._day(40)):
            payment = self._begin_to_pay(
                amount=self.case.amount_overdue, invoice_ids=[(6, 0, late.ids)]
            )
            payment._set_done()
            payment._post_process()
        self.assertEqual(late.mapped("amount_residual"), [0, 0])
        self._dun(40)
        self.assertEqual((self.case.outcome, payment.amount), ("paid", 89))
        self.assertFalse(self.env[ATTEMPT].search([("partner_id", "=", self.partner.id)]))

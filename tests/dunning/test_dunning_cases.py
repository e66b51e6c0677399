from datetime import timedelta

from odoo.exceptions import UserError, ValidationError
from odoo.tests import freeze_time, tagged

from ..dunning_case import CASE, DunningCase


@tagged("post_install", "-at_install")
class TestDunningCases(DunningCase):
    """Who is late has a case until nothing is asked for any more, whoever paid how."""

    def setUp(self):
        super().setUp()
        self.invoice = self._invoice()

    # === OPENING === #

    def test_nobody_is_late_on_the_due_date(self):
        self._add_step(1)
        self._dun(0)
        self.assertFalse(self.case)

    def test_a_case_is_opened_on_the_day_after(self):
        self._dun(1)
        self.assertEqual((self.case.opened_on, self.case.amount_overdue), (self._day(1), 49))
        self.assertEqual(self.case.invoice_ids, self.invoice)

    def test_there_is_one_case_however_often_it_runs(self):
        for late in (1, 1, 2):
            self._dun(late)
        self.assertEqual(self.env[CASE].search_count([("partner_id", "=", self.partner.id)]), 1)

    def test_without_a_policy_nothing_is_done(self):
        self.company.fusion_dunning_policy_id = False
        self._dun(5)
        self.assertFalse(self.case)

    def test_a_policy_of_the_customer_goes_before_the_company_s(self):
        self._add_step(1)
        own = self.policy.copy()
        own.step_ids.days = 2
        self.partner.with_company(self.company).fusion_dunning_policy_id = own
        self._dun(1)
        self.assertTaken()
        self._dun(2)
        self.assertTaken((2, "tell"))

    def test_a_policy_of_another_company_holds_for_nobody_here(self):
        other = self.env["res.company"].create({"name": "Other"})
        foreign = self.policy.copy({"company_id": other.id})
        for record in (self.company, self.partner.with_company(self.company)):
            with self.assertRaisesRegex(UserError, "company"), self.env.cr.savepoint():
                record.fusion_dunning_policy_id = foreign
        with self.assertRaisesRegex(UserError, "company"), self.env.cr.savepoint():
            self.policy.company_id = other
        self.policy.company_id = self.company

    def test_one_who_is_exempt_is_left_alone(self):
        self.partner.with_company(self.company).fusion_dunning_exempt = True
        self._dun(5)
        self.assertFalse(self.case)

    def test_a_disputed_invoice_makes_nobody_late(self):
        self.invoice.action_fusion_dispute()
        self._dun(5)
        self.assertFalse(self.case)

    def test_an_invoice_that_bills_no_subscription_makes_nobody_late(self):
        by_hand = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.partner.id,
                "invoice_date": "2025-12-01",
                "invoice_line_ids": [(0, 0, {"name": "Advice", "price_unit": 5})],
            }
        )
        by_hand.action_post()
        self._dun(1)
        self.assertEqual(self.case.late_invoice_ids, self.invoice)

    def test_one_case_holds_all_that_is_late_the_oldest_first(self):
        with freeze_time("2026-02-01"):
            self._bill()
        self._dun(40)
        later = self.invoice.line_ids.fusion_rating_id.subscription_id.invoice_ids - self.invoice
        self.assertEqual(self.case.late_invoice_ids.ids, [self.invoice.id, later.id])
        self.assertEqual(self.case.amount_overdue, 98)

    def test_each_currency_has_a_case_of_its_own(self):
        self.env.ref("base.CHF").active = True
        with freeze_time("2026-01-01"):
            foreign = self.invoice.copy({"currency_id": self.env.ref("base.CHF").id})
            foreign.action_post()
        self.env.cr.execute(
            "UPDATE account_move SET fusion_bill_on = '2026-01-01' WHERE id = %s", (foreign.id,)
        )
        self.env.invalidate_all()
        self._dun(3)
        cases = self.env[CASE].search([("partner_id", "=", self.partner.id)])
        self.assertEqual(len(cases.currency_id), 2)

    # === STEPS AND TIME === #

    def test_steps_are_taken_on_their_days(self):
        self._add_step(3)
        self._add_step(7, "remind")
        for late in range(1, 9):
            self._dun(late)
        self.assertTaken((3, "tell"), (7, "remind"))

    def test_steps_of_the_same_day_are_taken_in_their_order(self):
        self._add_step(3, "remind", sequence=20)
        self._add_step(3, "tell", sequence=10)
        self._dun(3)
        self.assertTaken((3, "tell"), (3, "remind"))

    def test_who_is_told_has_the_time_that_the_policy_gives_also_after_a_late_run(self):
        """T3."""
        self._add_step(3)
        self._add_step(7, "remind")
        for late in (100, 101, 103, 104):
            self._dun(late)
        self.assertTaken((100, "tell"), (104, "remind"))

    def test_who_is_always_late_with_one_is_told_of_each(self):
        for month in ("02", "03"):
            with freeze_time(f"2026-{month}-01"):
                self._bill()
        self._add_step(3)
        self._add_step(10, "remind")
        invoices = self.invoice._fusion_subscription().invoice_ids.sorted("invoice_date_due")
        for days, invoice in zip(((3, 10, 35), (36, 43, 63), (64, 71, 80)), invoices, strict=True):
            for late in days:
                self._dun(late)
            self._pay_by_hand(invoice)
        self.assertEqual(self.env[CASE].search_count([("partner_id", "=", self.partner.id)]), 1)
        told = (
            (3, "tell"),
            (10, "remind"),
            (36, "tell"),
            (43, "remind"),
            (64, "tell"),
            (71, "remind"),
        )
        self.assertTaken(*told)

    def test_a_step_that_comes_into_the_policy_before_one_that_was_taken_is_left_out(self):
        self._add_step(5)
        self._dun(5)
        self._add_step(3, "remind")
        self._add_step(8, "remind")
        for late in range(6, 10):
            self._dun(late)
        self.assertTaken((5, "tell"), (8, "remind"))

    def test_a_step_that_was_taken_is_kept_as_it_was_when_the_policy_changes(self):
        step = self._add_step(5)
        self._dun(5)
        step.unlink()
        self.assertTaken((5, "tell"))
        self.assertEqual(self.case.taken_ids.days, 5)

    def test_a_promise_puts_the_next_step_off_until_its_day_is_over(self):
        self._add_step(3)
        self.partner.with_company(self.company).fusion_promised_until = self._day(10)
        for late in (3, 10):
            self._dun(late)
        self.assertTaken()
        self._dun(11)
        self.assertTaken((11, "tell"))

    def test_a_promise_is_a_day_that_comes(self):
        for day in ("9999-12-31", "1999-12-31"):
            with self.assertRaises(ValidationError), self.env.cr.savepoint():
                self.partner.with_company(self.company).fusion_promised_until = day

    def test_a_run_in_which_no_step_is_due_reads_many_customers_at_once(self):
        self._add_step(1)
        counts = []
        for customers in (2, 6):
            partners = self.env["res.partner"].create([{"name": f"C{n}"} for n in range(customers)])
            with freeze_time("2026-01-01"):
                for partner in partners:
                    self._start(partner_id=partner.id)
                self._bill()
            self._dun(1)
            before = self.env.cr.sql_log_count
            self._dun(2)
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 3)

    def test_while_somebody_pays_no_step_is_taken(self):
        self._add_step(3)
        self.env["payment.transaction"].create(
            {
                "provider_id": self.provider.id,
                "payment_method_id": self.token.payment_method_id.id,
                "reference": "bank",
                "amount": 49,
                "currency_id": self.invoice.currency_id.id,
                "partner_id": self.partner.id,
                "invoice_ids": [(6, 0, self.invoice.ids)],
                "state": "pending",
            }
        )
        self._dun(9)
        self.assertTaken()

    def test_who_says_that_they_pay_and_does_not_is_waited_for_a_week_at_most(self):
        self.test_while_somebody_pays_no_step_is_taken()
        self._dun(10)
        self.assertTaken((10, "tell"))

    def test_what_comes_next_is_said(self):
        self._add_step(3, "remind")
        self._dun(1)
        with freeze_time(self._day(1)):
            self.assertIn("Next, on 01/04/2026: Remind Us", self.case._describe())
            order = self.invoice._fusion_subscription()
            self.assertEqual(order.fusion_dunning_state, self.case._describe())
            self.assertEqual(self.partner.fusion_open_case_id, self.case)

    # === WAYS OUT === #

    def assertOver(self, outcome, late=5):
        case = self.case
        self._dun(late)
        self.assertEqual((case.outcome, case.closed_on), (outcome, self._day(late)))
        self.assertFalse(self.invoice._fusion_subscription().fusion_case_id)

    def test_a_payment_by_hand_ends_it(self):
        self._dun(1)
        self._pay_by_hand(self.invoice)
        self.assertOver("paid")

    def test_a_payment_in_part_does_not(self):
        self._dun(1)
        self._pay_by_hand(self.invoice, 9)
        self._dun(5)
        self.assertFalse(self.case.closed_on)
        self.assertEqual(self.case.amount_overdue, 40)

    def test_a_credit_note_ends_it(self):
        self._dun(1)
        wizard = self.env["account.move.reversal"].with_context(
            active_model="account.move", active_ids=self.invoice.ids
        )
        wizard.create({"journal_id": self.invoice.journal_id.id}).modify_moves()
        self.assertOver("left_alone")

    def test_the_invoice_that_replaces_one_is_dunned_and_charged_as_that_was(self):
        """*Reverse and create invoice*."""
        self._dun(1)
        with freeze_time(self._day(2)):
            replacing = self._reverse(self.invoice, modify=True)
        self._dun(5)
        self.assertEqual(self.case.late_invoice_ids, replacing)
        self.plan.collects = True
        self._collect()
        self.assertAttempts(replacing, ("unknown", 49))

    def test_who_says_that_it_is_disputed_stands_on_the_invoice(self):
        for act in (self.invoice.action_fusion_dispute, self.invoice.action_fusion_settle_dispute):
            before = self.invoice.message_ids
            act()
            self.env.flush_all()
            self.env.cr.precommit.run()
            said = (self.invoice.message_ids - before).tracking_value_ids.field_id
            self.assertEqual(said.name, "fusion_is_disputed")

    def test_a_dispute_ends_it_and_its_settlement_begins_another(self):
        self._add_step(1)
        self._dun(1)
        self.invoice.action_fusion_dispute()
        self.assertOver("left_alone")
        self.invoice.action_fusion_settle_dispute()
        self._dun(6)
        self.assertFalse(self.case.closed_on)
        self.assertTaken((6, "tell"))

    def test_an_exemption_ends_it(self):
        self._dun(1)
        self.partner.with_company(self.company).fusion_dunning_exempt = True
        self.assertOver("left_alone")

    def test_an_invoice_that_is_reset_to_draft_ends_it(self):
        self._dun(1)
        self.invoice.button_draft()
        self.assertOver("left_alone")

    def test_a_payment_that_is_taken_back_begins_another_case(self):
        self._dun(1)
        self._pay_by_hand(self.invoice)
        self.assertOver("paid")
        payment = self.invoice.matched_payment_ids
        payment.action_cancel()
        self.invoice.line_ids.remove_move_reconcile()
        self._dun(6)
        self.assertEqual((self.case.opened_on, self.case.closed_on), (self._day(6), False))

    def test_whoever_pays_makes_dunning_run_at_once(self):
        self._dun(1)
        cron = self.env.ref("fusion_billing.ir_cron_dun")
        self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]).unlink()
        self._pay_by_hand(self.invoice)
        self.assertTrue(self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]))

    def test_the_steps_begin_anew_for_who_is_late_again(self):
        self._add_step(1)
        self._dun(1)
        self._pay_by_hand(self.invoice)
        self._dun(2)
        with freeze_time("2026-02-01"):
            self._bill()
        self._dun(32)
        self.assertTaken((32, "tell"))
        self.assertEqual(self.env[CASE].search_count([("partner_id", "=", self.partner.id)]), 2)
        self.assertEqual(self.case.opened_on, self._day(1) + timedelta(days=31))

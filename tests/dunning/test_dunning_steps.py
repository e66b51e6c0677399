from odoo.exceptions import UserError, ValidationError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from ..collection_case import ATTEMPT
from ..dunning_case import DunningCase


@tagged("post_install", "-at_install")
class TestDunningSteps(DunningCase):
    """Each kind of step does what it says, once."""

    def setUp(self):
        super().setUp()
        self.invoice = self._invoice()
        self.order = self.invoice._fusion_subscription()

    def _mails(self):
        return self.env["mail.mail"].search([("model", "=", "fusion.billing.dunning.case")])

    # === CHARGING AGAIN === #

    def _fail(self, message="insufficient_funds"):
        self.plan.collects = True
        self._collect()
        self.invoice.fusion_attempt_ids.transaction_id._set_error(message)

    def test_a_declined_charge_is_tried_again(self):
        self._add_step(3, "retry")
        self._fail()
        self._dun(3)
        self.assertEqual(len(self.invoice.fusion_attempt_ids), 2)
        self.assertIn(self.invoice.name, self.case.taken_ids.result)

    def test_a_charge_that_failed_for_good_is_not_tried_again_until_the_method_changes(self):
        self._add_step(3, "retry")
        self._add_step(5, "retry")
        self._fail("Your card was reported stolen (stolen_card).")
        self._dun(3)
        self.assertEqual(len(self.invoice.fusion_attempt_ids), 1)
        self.assertIn("Nothing was charged", self.case.taken_ids.result)
        self._save_card()
        self._dun(5)
        self.assertEqual(len(self.invoice.fusion_attempt_ids), 2)

    def test_the_oldest_invoice_is_charged_first(self):
        self._add_step(40, "retry")
        with freeze_time("2026-02-01"):
            self._bill()
        self.plan.collects = True
        self._dun(41)
        attempts = self.env[ATTEMPT].search([("partner_id", "=", self.partner.id)], order="id")
        self.assertEqual(attempts.invoice_id, self.order.invoice_ids.sorted("invoice_date"))
        self.assertEqual(attempts[0].invoice_id, self.invoice)

    def test_what_is_charged_some_days_after_it_is_due_is_not_charged_before(self):
        self.company.write({"fusion_collect_when": "due", "fusion_collect_days": 5})
        self.plan.collects = True
        self._add_step(3, "retry")
        self._add_step(6, "retry")
        for late, attempts in ((3, 0), (6, 1)):
            self._dun(late)
            self.assertEqual(len(self.invoice.fusion_attempt_ids), attempts)

    def test_who_pays_by_hand_is_not_charged(self):
        self._add_step(3, "retry")
        self._dun(3)
        self.assertFalse(self.invoice.fusion_attempt_ids)

    def test_no_step_follows_while_the_card_is_being_charged(self):
        self._add_step(3, "retry")
        self._add_step(3, "pause", sequence=20)
        self._fail()
        self._dun(3)
        self.assertTaken((3, "retry"))
        self.invoice.fusion_attempt_ids.sorted("id")[-1:].transaction_id._set_error("again")
        self._dun(3)
        self.assertTaken((3, "retry"), (3, "pause"))

    # === TELLING === #

    def test_one_mail_is_sent_about_all_invoices_with_a_link_that_pays_them(self):
        self._add_step(40, "mail")
        with freeze_time("2026-02-01"):
            self._bill()
        self._dun(40)
        mail = self._mails()
        self.assertEqual(len(mail), 1)
        for invoice in self.order.invoice_ids:
            self.assertIn(invoice.name, mail.body_html)
        self.assertIn(f"/my/overdue/{self.case.id}?access_token=", mail.body_html)
        self.assertEqual(mail.recipient_ids, self.partner)

    def test_a_mail_goes_to_the_invoice_address_in_its_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.env["ir.module.module"].search([("name", "=", "fusion_billing")])._update_translations(
            ["fr_FR"]
        )
        self.partner.lang = "fr_FR"
        office = self.env["res.partner"].create(
            {"name": "Office", "parent_id": self.partner.id, "type": "invoice", "email": "o@x.test"}
        )
        self._add_step(1, "mail")
        self._dun(1)
        mail = self._mails()
        self.assertEqual(mail.recipient_ids, office)
        self.assertIn("Bonjour", mail.body_html)
        self.assertIn("Payer", mail.body_html)

    def test_without_an_address_the_step_fails_and_staff_are_asked_once(self):
        self.partner.email = False
        self._add_step(1, "mail")
        self._add_step(2)
        for late in (1, 2, 3):
            self._dun(late)
        self.assertEqual(self.case.taken_ids.mapped("is_failed"), [True, False])
        self.assertIn("no e-mail address", self.case.activity_ids.note)

    def test_a_template_that_somebody_broke_fails_in_one_sentence(self):
        template = self.env.ref("fusion_billing.mail_template_dunning_reminder").copy()
        template.body_html = "<p><t t-out='object.nothing.there'/></p>"
        self._add_step(1, "mail", template_id=template.id)
        self._add_step(2)
        for late in (1, 2):
            self._dun(late)
        self.assertEqual(self.case.taken_ids.mapped("is_failed"), [True, False])
        said = self.case.taken_ids[0].result
        self.assertIn("correct the template", said)
        self.assertIn("nothing", said)
        self.assertNotIn("Traceback", said)
        self.assertFalse(self._mails().filtered(lambda mail: mail.recipient_ids == self.partner))

    def test_staff_read_what_was_done_in_the_company_s_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.env["ir.module.module"].search([("name", "=", "fusion_billing")])._update_translations(
            ["fr_FR"]
        )
        self.company.partner_id.lang = "fr_FR"
        self._add_step(1, "retry")
        self._dun(1)
        self.assertIn("Rien n'a été débité", self.case.taken_ids.result)

    def test_somebody_is_reminded(self):
        self._add_step(1, "remind", note="Call them.")
        self.policy.user_id = self.env.ref("base.user_admin")
        self.policy.user_id.company_ids |= self.company
        self._dun(1)
        activity = self.case.activity_ids
        self.assertIn("Call them.", activity.note)
        self.assertEqual(activity.user_id, self.policy.user_id)

    def test_the_reminder_is_gone_once_all_is_paid(self):
        self._add_step(1, "remind")
        self._dun(1)
        case = self.case
        self._pay_by_hand(self.invoice)
        self._dun(2)
        self.assertFalse(case.activity_ids)

    # === PAUSING === #

    def _phase(self, late):
        return self.order._fusion_timeline().on(self._day(late)).state

    def test_a_pause_begins_tomorrow_and_ends_on_the_day_on_which_all_is_paid(self):
        self._add_step(5, "pause")
        self._dun(5)
        self.assertEqual([self._phase(5), self._phase(6)], ["active", "unpaid"])
        self.assertEqual(self.order.fusion_state, "4_paused")
        self._pay_by_hand(self.invoice)
        self._dun(9)
        self.assertEqual(
            [self._phase(day) for day in (5, 6, 8, 9)], ["active", "unpaid", "unpaid", "active"]
        )
        self.assertEqual(self.order.fusion_state, "3_progress")

    def test_usage_and_fees_count_in_it_as_step_and_policy_say(self):
        for takes_usage, owes_fees, state in (
            (False, False, "unpaid"),
            (True, False, "unpaid_usage"),
            (False, True, "unpaid_fees"),
            (True, True, "unpaid_both"),
        ):
            with self.subTest(state), self.env.cr.savepoint() as savepoint:
                self._add_step(5, "pause", takes_usage=takes_usage)
                self.policy.owes_fees = owes_fees
                self._dun(5)
                self.assertEqual(self._phase(6), state)
                spans = len(self.order._fusion_spans())
                self.assertEqual(self.order._fusion_spans()[-1][1] is None, takes_usage, spans)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_days_paused_for_non_payment_are_credited_on_the_next_document(self):
        """L2: nothing but the ledger says what they cost."""
        self._add_step(5, "pause")
        self._dun(5)
        self._pay_by_hand(self.invoice)
        self._dun(15)
        with freeze_time("2026-02-01"):
            self._bill()
        later = self.order.invoice_ids - self.invoice
        # 7 to 15 January are nine days of 31; the fee of February is billed with them.
        self.assertAlmostEqual(sum(later.mapped("amount_untaxed")), 49 - 49 * 9 / 31, 2)

    def test_a_pause_that_somebody_wanted_is_not_ended_by_a_payment(self):
        self.order._fusion_pause(self._day(3))
        self._add_step(5, "pause")
        self._dun(5)
        self.assertEqual(self._phase(6), "paused")
        self._pay_by_hand(self.invoice)
        self._dun(9)
        self.assertEqual(self._phase(10), "paused")

    def test_where_a_pause_of_the_customer_ends_the_one_for_non_payment_goes_on(self):
        self.order._fusion_pause(self._day(3), self._day(10))
        self._add_step(5, "pause")
        self._dun(5)
        self.assertEqual([self._phase(9), self._phase(10)], ["paused", "unpaid"])
        self._pay_by_hand(self.invoice)
        self._dun(7)
        self.assertEqual([self._phase(9), self._phase(10)], ["paused", "active"])

    def test_counters_that_were_accepted_are_not_lost_to_it(self):
        """T5."""
        self._use(self.order, 1, start="2026-01-09")
        self._add_step(5, "pause")
        self._dun(5)
        self.assertEqual([self._phase(8), self._phase(9)], ["active", "unpaid"])

    def test_a_second_pause_may_refuse_the_usage_that_the_first_one_still_took(self):
        self._add_step(5, "pause", takes_usage=True)
        self._add_step(8, "pause")
        for late in (5, 8):
            self._dun(late)
        self.assertEqual([self._phase(day) for day in (6, 8, 9)], ["unpaid_usage"] * 2 + ["unpaid"])
        self._pay_by_hand(self.invoice)
        self._dun(12)
        self.assertEqual([self._phase(day) for day in (11, 12)], ["unpaid", "active"])

    def test_what_is_paid_by_transfer_is_not_charged_meanwhile(self):
        self._add_step(3, "retry")
        self.plan.collects = True
        self.env["payment.transaction"].create(
            {
                "provider_id": self.provider.id,
                "payment_method_id": self.token.payment_method_id.id,
                "reference": "transfer",
                "amount": 49,
                "currency_id": self.invoice.currency_id.id,
                "partner_id": self.partner.id,
                "invoice_ids": [(6, 0, self.invoice.ids)],
                "state": "pending",
            }
        )
        self._dun(10)
        self.assertIn("it is being paid", self.case.taken_ids.result)
        self.assertFalse(self.invoice.fusion_attempt_ids)

    def test_staff_may_let_it_go_on(self):
        self._add_step(5, "pause")
        self._dun(5)
        with freeze_time(self._day(7)):
            self.order.action_fusion_resume()
        self._dun(8)
        self.assertEqual(self._phase(8), "active")
        self.assertTaken((5, "pause"))

    def test_an_end_that_is_planned_stays_where_it_was(self):
        with freeze_time(self._day(2)):
            self.order._fusion_end(self._day(20))
        self._add_step(5, "pause")
        self._dun(5)
        self._pay_by_hand(self.invoice)
        self._dun(9)
        self.assertEqual([self._phase(19), self._phase(20)], ["active", "closed"])

    # === CLOSING === #

    def test_it_is_closed_and_stays_so_when_all_is_paid(self):
        self._add_step(5, "close")
        self._dun(5)
        self.assertEqual([self._phase(5), self._phase(6)], ["active", "closed"])
        self._pay_by_hand(self.invoice)
        self._dun(9)
        self.assertEqual(self._phase(10), "closed")

    def test_accepted_counters_of_later_days_stop_it_and_staff_are_told(self):
        """T5."""
        self._use(self.order, 1, start="2026-01-09")
        self._add_step(5, "close")
        self._dun(5)
        self.assertEqual(self._phase(9), "active")
        self.assertTrue(self.case.taken_ids.is_failed)
        self.assertIn("accepted counters", self.case.activity_ids.note)

    # === WALLS === #

    def _staff(self, group):
        return self.env["res.users"].create(
            {
                "name": group,
                "login": group,
                "group_ids": [(4, self.env.ref(group).id)],
                "company_id": self.company.id,
                "company_ids": [(6, 0, self.company.ids)],
            }
        )

    def test_what_was_done_cannot_be_written(self):
        self._add_step(1)
        self._dun(1)
        for group in ("fusion_billing.group_user", "fusion_billing.group_manager"):
            case = self.case.with_user(self._staff(group))
            for work in (
                lambda case=case: case.write({"closed_on": "2026-01-02"}),
                lambda case=case: case.taken_ids.unlink(),
                lambda case=case: case.taken_ids.write({"result": "x"}),
                lambda case=case: case.copy(),
            ):
                with self.assertRaises(UserError), mute_logger("odoo.models"):
                    work()

    def test_a_mail_step_needs_a_template_of_cases(self):
        template = self.env["mail.template"].search([("model", "=", "sale.order")], limit=1)
        with self.assertRaises(ValidationError):
            self._add_step(1, "mail", template_id=template.id)

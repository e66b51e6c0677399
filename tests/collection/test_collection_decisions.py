from odoo.exceptions import AccessError, UserError
from odoo.modules.neutralize import neutralize_database
from odoo.tests import new_test_user, tagged

from ..collection_case import CollectionCase


@tagged("post_install", "-at_install")
class TestCollectionDecisions(CollectionCase):
    """What staff do: charge now, and say what became of an attempt."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk, cls.manager = (
            new_test_user(
                cls.env, f"collects_{name}", groups=f"base.group_user,fusion_billing.group_{name}"
            )
            for name in ("user", "manager")
        )

    def setUp(self):
        super().setUp()
        self.invoice = self._invoice()

    def _unknown(self):
        self._collect()
        attempt = self.invoice.fusion_attempt_ids
        self.assertEqual(attempt.state, "unknown")
        return attempt

    # === CHARGE NOW === #

    def test_charge_now_plans_an_attempt_and_sends_nothing_itself(self):
        self.plan.collects = False
        self.invoice.with_user(self.manager).action_fusion_charge_now()
        self.assertAttempts(self.invoice, ("waiting", 49))
        self._collect()
        self.assertAttempts(self.invoice, ("unknown", 49))

    def test_charge_now_tries_again_what_failed(self):
        self._unknown().transaction_id._set_error("insufficient_funds")
        self.invoice.with_user(self.manager).action_fusion_charge_now()
        self.assertAttempts(self.invoice, ("failed", 49), ("waiting", 49))
        references = self.invoice.fusion_attempt_ids.mapped("reference")
        self.assertEqual(set(references), {f"FB-{self.invoice.id}-1", f"FB-{self.invoice.id}-2"})

    def test_charge_now_is_refused_twice_and_when_nothing_is_left_or_saved(self):
        charge = self.invoice.with_user(self.manager).action_fusion_charge_now
        self.token.active = False
        with self.assertRaisesRegex(UserError, "saved no payment method"):
            charge()
        self._save_card()
        charge()
        with self.assertRaisesRegex(UserError, "is being paid now"):
            charge()
        self.invoice.fusion_attempt_ids.transaction_id._set_canceled()
        self._pay_by_hand(self.invoice)
        with self.assertRaisesRegex(UserError, "nothing is left to pay"):
            charge()

    def test_charge_now_is_for_managers(self):
        with self.assertRaises(AccessError):
            self.invoice.with_user(self.clerk).action_fusion_charge_now()

    # === WHAT BECAME OF IT === #

    def test_staff_say_that_it_was_charged(self):
        attempt = self._unknown()
        self._unknown_for(attempt)
        attempt.with_user(self.clerk).action_was_charged()
        self.assertAttempts(self.invoice, ("succeeded", 49))
        self.assertIn(self.invoice.payment_state, ("paid", "in_payment"))
        self.assertIn("it was charged", str(self.invoice.message_ids.mapped("body")))

    def test_staff_say_that_it_was_not_charged(self):
        attempt = self._unknown()
        self._unknown_for(attempt)
        attempt.with_user(self.clerk).action_was_not_charged()
        self.assertAttempts(self.invoice, ("failed", 49))
        self.assertEqual(self.invoice.payment_state, "not_paid")
        self.assertIn("it was not charged", str(self.invoice.message_ids.mapped("body")))
        self._collect()
        self.assertAttempts(self.invoice, ("failed", 49))

    def test_the_provider_has_the_last_word(self):
        attempt = self._unknown()
        self._unknown_for(attempt)
        attempt.with_user(self.clerk).action_was_not_charged()
        attempt.transaction_id._set_done()
        attempt.transaction_id._post_process()
        self.assertAttempts(self.invoice, ("succeeded", 49))

    def test_before_a_day_is_over_the_provider_may_still_say_it(self):
        attempt = self._unknown()
        for act in ("action_was_charged", "action_was_not_charged"):
            with self.assertRaisesRegex(UserError, "unknown for a day"):
                getattr(attempt.with_user(self.clerk), act)()

    def test_what_is_known_is_not_decided(self):
        attempt = self._unknown()
        self._unknown_for(attempt)
        attempt.transaction_id._set_error("insufficient_funds")
        with self.assertRaisesRegex(UserError, "unknown for a day"):
            attempt.with_user(self.clerk).action_was_charged()

    # === ACTIVITY === #

    def test_one_manager_is_asked_after_a_day_and_no_more_once_it_is_decided(self):
        attempt = self._unknown()
        self._collect()
        self.assertFalse(self.invoice.activity_ids)
        self._unknown_for(attempt)
        for _run in range(2):
            self._collect()
        self.assertEqual(len(self.invoice.activity_ids), 1)
        self.assertIn(attempt.reference, str(self.invoice.activity_ids.note))
        attempt.with_user(self.clerk).action_was_not_charged()
        self._collect()
        self.assertFalse(self.invoice.activity_ids)

    # === A COPY === #

    def test_a_neutralised_copy_charges_nobody(self):
        self.provider.state = "enabled"
        self.env.flush_all()
        neutralize_database(self.env.cr)
        self.env.invalidate_all()
        self.assertFalse(self.env.ref("fusion_billing.ir_cron_collect").active)
        self.assertEqual(self.provider.state, "disabled")
        self.assertFalse(self.invoice._fusion_token())

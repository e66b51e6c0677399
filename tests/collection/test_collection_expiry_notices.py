from unittest.mock import patch

from psycopg2 import IntegrityError
from psycopg2.errors import SerializationFailure

from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from ..collection_case import CollectionCase

NOTICE = "fusion.billing.expiry.notice"


@tagged("post_install", "-at_install")
class TestCollectionExpiryNotices(CollectionCase):
    """Customers are told, 30 and 7 days before, that what they are charged to expires."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partner.email = "billing@acme.example"
        cls.token.fusion_expires_on = "2026-03-31"
        cls.subscription = cls._start(cls)

    def _tell(self, day):
        with freeze_time(f"2026-{day} 06:00:00"):
            self.env.flush_all()
            self._run_cron("ir_cron_tell_expiring")
            self.env.invalidate_all()

    def _mails(self):
        return self.env["mail.mail"].search([("model", "=", NOTICE)], order="id")

    def assertTold(self, *days):
        notices = self.env[NOTICE].search([("token_id", "=", self.token.id)], order="id")
        self.assertEqual(notices.mapped("days"), list(days))
        self.assertEqual(self._mails().mapped("res_id"), notices.ids)

    # === WHEN === #

    def test_each_notice_is_given_once_on_its_day(self):
        for day, told in (
            ("02-28", ()),
            ("03-01", (30,)),
            ("03-02", (30,)),
            ("03-23", (30,)),
            ("03-24", (30, 7)),
            ("03-25", (30, 7)),
            ("03-31", (30, 7)),
            ("04-01", (30, 7)),
        ):
            with self.subTest(day):
                self._tell(day)
                self.assertTold(*told)

    def test_a_day_that_was_missed_is_made_good_by_the_latest_alone(self):
        self._tell("03-28")
        self._tell("03-29")
        self.assertTold(7)

    def test_nothing_is_told_of_what_has_expired(self):
        self._tell("04-01")
        self.assertTold()

    def test_a_later_expiry_is_told_anew(self):
        self._tell("03-28")
        self.token.fusion_expires_on = "2026-04-30"
        self._tell("04-10")
        self.assertTold(7, 30)

    # === OF WHAT === #

    def test_what_no_running_subscription_is_charged_to_is_not_told_of(self):
        other = self._save_card()
        self._tell("03-28")
        self.assertTold()
        other.active = False
        self.partner.fusion_collects = "never"
        self._tell("03-29")
        self.assertTold()
        self.partner.fusion_collects = False
        with freeze_time("2026-03-29"):
            self.subscription._fusion_close(self.company._fusion_today())
        self._tell("03-30")
        self.assertTold()

    def test_a_paused_subscription_goes_on_some_day(self):
        with freeze_time("2026-03-02"):
            self.subscription._fusion_pause(self.company._fusion_today())
        self._tell("03-03")
        self.assertTold(30)

    def test_a_method_that_was_removed_is_not_told_of(self):
        self.token.active = False
        self._tell("03-28")
        self.assertTold()

    # === HOW === #

    def test_the_mail_says_what_expires_and_where_to_save_another(self):
        self._tell("03-28")
        mail = self._mails()
        self.assertEqual(mail.recipient_ids, self.partner)
        self.assertIn("4242", mail.subject)
        self.assertIn("/my/payment_method", mail.body_html)
        self.assertIn("03/31/2026", mail.body_html)
        self.assertEqual(mail.state, "outgoing")
        self.assertIn("told by e-mail", self.subscription.message_ids[0].body)

    def test_without_an_address_a_person_is_asked_to_tell_them(self):
        self.partner.email = False
        self._tell("03-28")
        self.assertFalse(self._mails())
        self.assertIn("could not be told", self.subscription.activity_ids.note)
        self._tell("03-29")
        self.assertEqual(len(self.subscription.activity_ids), 1)

    def test_a_template_that_fails_keeps_nobody_from_being_told(self):
        template = self.env.ref("fusion_billing.mail_template_expiring")
        template.body_html = '<p t-out="object.nothing_of_the_kind"/>'
        with mute_logger("odoo.addons.mail.models.mail_render_mixin"):
            self._tell("03-28")
        self.assertIn("could not be told", self.subscription.activity_ids.note)

    # === AT ONCE === #

    def test_the_database_holds_one_notice(self):
        self._tell("03-28")
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"), self.env.cr.savepoint():
            self.env[NOTICE].search([], limit=1).copy()

    def test_what_somebody_else_holds_is_told_some_minutes_later(self):
        notices = self.registry[NOTICE]
        with patch.object(notices, "_note", side_effect=SerializationFailure):
            self._tell("03-28")
        self.assertTold()
        trigger = self.env["ir.cron.trigger"].search(
            [("cron_id", "=", self.env.ref("fusion_billing.ir_cron_tell_expiring").id)]
        )
        self.assertTrue(trigger)
        self._tell("03-28")
        self.assertTold(7)

    def test_one_that_fails_keeps_no_other_from_being_told(self):
        other = self.env["res.partner"].create({"name": "Globex", "email": "g@globex.example"})
        card = self._save_card(other)
        card.fusion_expires_on = "2026-03-31"
        self._start(partner_id=other.id)
        note = self.registry[NOTICE]._note

        def fail(notices, token, *args):
            if token == self.token:
                raise ValueError("no")
            return note(notices, token, *args)

        with (
            patch.object(self.registry[NOTICE], "_note", fail),
            mute_logger("odoo.addons.fusion_billing.models.collection.expiry_notice"),
        ):
            self._tell("03-28")
        self.assertEqual(self._mails().recipient_ids, other)

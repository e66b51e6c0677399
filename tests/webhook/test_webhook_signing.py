from datetime import timedelta
from unittest import skipUnless

from freezegun import freeze_time

from odoo.exceptions import AccessError
from odoo.tests import Form, new_test_user
from odoo.tools import mute_logger

from ..webhook_case import WebhookCase

try:
    from standardwebhooks import Webhook, WebhookVerificationError
except ImportError:  # a foreign verifier, for development only
    Webhook = None


@skipUnless(Webhook, "the package standardwebhooks is not installed")
class TestWebhookSigning(WebhookCase):
    """Standard Webhooks to the letter, as somebody else's library reads it."""

    def _receive(self):
        """Emit and deliver an event; return the headers and the body that arrived."""
        with self._endpoint() as endpoint:
            self._emit()
            self._deliver()
        [(_line, headers, body)] = endpoint.requests
        return headers, body

    def assertVerified(self, secret, headers, body):
        self.assertTrue(Webhook(secret).verify(body, headers))

    def assertNotVerified(self, secret, headers, body):
        with self.assertRaises(WebhookVerificationError):
            Webhook(secret).verify(body, headers)

    def test_the_secret_verifies_what_arrived_and_nothing_else(self):
        headers, body = self._receive()
        self.assertVerified(self.secret, headers, body)
        self.assertNotVerified(self.secret, headers, body + b" ")
        self.assertNotVerified(self.secret, {**headers, "webhook-id": "evt_other"}, body)
        other = self._service("other")._generate_webhook_secret()
        self.assertNotVerified(other, headers, body)

    def test_each_attempt_is_signed_with_its_own_time(self):
        """An old signature would be refused by then; a clock that is wrong is refused now."""
        with freeze_time("2026-03-01 12:00:00"):
            headers, body = self._receive()
            self.assertEqual(headers["webhook-timestamp"], "1772366400")
            self.assertVerified(self.secret, headers, body)
        for skew, accepted in ((299, True), (-299, True), (301, False), (-301, False)):
            with freeze_time("2026-03-01 12:00:00") as clock, self.subTest(skew=skew):
                clock.tick(timedelta(seconds=skew))
                check = self.assertVerified if accepted else self.assertNotVerified
                check(self.secret, headers, body)

    def test_during_a_rotation_both_secrets_verify(self):
        """A2"""
        new = self.service._generate_webhook_secret(overlap_hours=24)
        headers, body = self._receive()
        self.assertEqual(len(headers["webhook-signature"].split()), 2)
        self.assertVerified(self.secret, headers, body)
        self.assertVerified(new, headers, body)

    def test_after_the_overlap_only_the_new_secret_verifies(self):
        """A2"""
        with freeze_time("2026-03-01 12:00:00") as clock:
            new = self.service._generate_webhook_secret(overlap_hours=24)
            clock.move_to("2026-03-02 12:00:00")
            headers, body = self._receive()
            self.assertVerified(new, headers, body)
            self.assertNotVerified(self.secret, headers, body)

    def test_a_revoked_secret_signs_nothing(self):
        new = self.service._generate_webhook_secret(overlap_hours=24)
        self.service.webhook_secret_ids.filtered("expires_at").active = False
        headers, body = self._receive()
        self.assertVerified(new, headers, body)
        self.assertNotVerified(self.secret, headers, body)

    def test_nothing_is_sent_unsigned_and_nothing_is_lost(self):
        self.service.webhook_secret_ids.active = False
        with self._endpoint() as endpoint:
            delivery = self._emit()
            self._deliver()
            self.assertEqual(endpoint.connections, 0)
            self.assertState(delivery, "pending", attempts=0)
            secret = self.service._generate_webhook_secret()
            self._deliver()
        [(_line, headers, body)] = endpoint.requests
        self.assertVerified(secret, headers, body)

    # === WHO SEES A SECRET === #

    def test_the_wizard_shows_a_secret_once(self):
        groups = "base.group_user,fusion_billing.group_manager"
        manager = new_test_user(self.env, "manager", groups=groups)
        wizard = (
            self.env["fusion.billing.webhook.secret.wizard"]
            .with_user(manager)
            .with_context(active_id=self.service.id)
            .create({"overlap_hours": 1})
        )
        self.assertTrue(wizard.has_secret)
        action = wizard.action_generate()
        dialog = self.env[action["res_model"]].with_user(manager)
        shown = Form(dialog.with_context(**action["context"])).secret
        self.assertRegex(shown, r"^whsec_[A-Za-z0-9+/]{43}=$")
        headers, body = self._receive()
        self.assertVerified(shown, headers, body)
        self.assertVerified(self.secret, headers, body)

    def test_nobody_reads_a_secret_afterwards_not_even_an_administrator(self):
        admin = self.env.ref("base.user_admin")
        secrets = self.service.webhook_secret_ids.with_user(admin)
        self.assertEqual(secrets.read(["prefix"])[0]["prefix"], self.secret[:10])
        self.assertNotIn("secret", secrets.fields_get())
        self.assertNotIn("secret", secrets.read()[0])
        for read in (
            lambda: secrets.read(["secret"]),
            lambda: secrets.search([("secret", "=like", "whsec_%")]),
            lambda: secrets.export_data(["secret"]),
            lambda: secrets.write({"secret": "whsec_"}),
        ):
            with self.assertRaises(AccessError), mute_logger("odoo.orm.models"):
                read()

    def test_only_those_who_may_change_a_service_make_its_secrets(self):
        user = self.env["res.users"].create(
            {
                "name": "Clerk",
                "login": "clerk",
                "group_ids": [(4, self.env.ref("fusion_billing.group_user").id)],
            }
        )
        with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models.ir_model"):
            self.service.with_user(user)._generate_webhook_secret()

    def test_no_log_line_holds_a_secret_or_a_signature(self):
        with self.assertLogs(level="DEBUG") as logged:
            headers, _body = self._receive()
        text = "\n".join(logged.output)
        self.assertNotIn(self.secret, text)
        self.assertNotIn(headers["webhook-signature"], text)

    def test_no_message_on_the_service_holds_a_secret(self):
        service = self.service.with_context(tracking_disable=False)
        secret = service._generate_webhook_secret()
        self._commit()
        for message in service.message_ids:
            self.assertNotIn(secret, str(message.body) + str(message.tracking_value_ids.read()))

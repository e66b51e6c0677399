"""Who sees what of the webhooks, and what of it is never seen."""

from odoo.exceptions import AccessError
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from ..core.https_endpoint import answer, send, send_for_ever
from ..webhook_case import WebhookCase

HEAD = b"HTTP/1.1 200 OK\r\n"


class TestWebhookAccess(WebhookCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk, cls.manager = (
            new_test_user(
                cls.env, login, groups=f"fusion_billing.group_{login},base.group_allow_export"
            )
            for login in ("user", "manager")
        )

    def test_nobody_sees_what_another_company_was_told(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        abroad = self._service(
            "abroad", company_id=company.id, webhook_url="https://hooks.example.com/"
        )
        abroad._generate_webhook_secret()
        with self._endpoint(service=abroad):
            delivery = self._emit(service=abroad)
            self._deliver()
        self.assertTrue(delivery.attempt_ids)
        for record in (abroad.webhook_secret_ids, delivery, delivery.attempt_ids):
            record = record.with_user(self.manager)
            with self.subTest(model=record._name):
                self.assertFalse(record.search([("id", "in", record.ids)]))
                with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models.ir_rule"):
                    record.read()
        for act in (
            delivery.with_user(self.manager).action_resend,
            delivery.with_user(self.manager).action_cancel,
            abroad.with_user(self.manager).action_webhook_test,
            abroad.with_user(self.manager)._generate_webhook_secret,
        ):
            with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models.ir_rule"):
                act()

    def test_a_billing_user_reads_a_service_and_none_of_its_secrets(self):
        """Whatever is read or exported of a service, by whatever path."""
        for user in (self.clerk, self.manager, self.env.ref("base.user_admin")):
            service = self.service.with_user(user)
            with self.subTest(user=user.login):
                [values] = service.read()
                self.assertEqual(values["code"], "nexacloud")
                self.assertNotIn(self.secret, str(values))
                self.assertEqual("webhook_secret_ids" in values, user != self.clerk)
                with self.assertRaises(AccessError), mute_logger("odoo.orm.models"):
                    service.export_data(["code", "webhook_secret_ids/secret"])
        shown = self.service.with_user(self.manager).export_data(["webhook_secret_ids/prefix"])
        self.assertEqual(shown["datas"], [[self.secret[:10]]])

    def test_a_copy_of_a_service_has_neither_endpoint_nor_secret_nor_events(self):
        self.service.webhook_url = "https://hooks.example.com/"
        self.service.webhook_failing_since = "2026-01-01"
        self._emit()
        copy = self.service.copy({"code": "copy"})
        self.assertFalse(copy.webhook_url)
        self.assertFalse(copy.with_context(active_test=False).webhook_secret_ids)
        self.assertFalse(copy.webhook_delivery_ids)
        self.assertFalse(copy.webhook_failing_since)
        self.assertFalse(self._emit(service=copy))

    def test_a_secret_that_is_copied_by_force_is_none(self):
        with self.assertRaises(AccessError):
            self.service.webhook_secret_ids.with_user(self.manager).copy()

    def test_a_service_is_deleted_with_its_endpoint_its_secrets_and_its_events(self):
        service = self._service("short-lived")
        service._generate_webhook_secret()
        with self._endpoint(service=service):
            delivery = self._emit(service=service)
            self._deliver()
        left = (service.webhook_secret_ids, delivery, delivery.attempt_ids)
        service.unlink()
        for records in left:
            self.assertTrue(records)
            self.assertFalse(records.exists())


class TestWebhookResponses(WebhookCase):
    """Whatever an endpoint answers can be stored and shown, and is cut at 2 KiB."""

    def _answered(self, behave):
        with self._endpoint(behave):
            delivery = self._emit()
            self._deliver()
        self.assertEqual(len(delivery.attempt_ids), 1)
        return delivery

    def assertKept(self, delivery, expected):
        self.assertState(delivery, "delivered")
        self.assertEqual(delivery.attempt_ids.response_excerpt, expected)

    def test_what_is_not_text_is_stored_readable(self):
        self.assertKept(self._answered(answer(200, b"a\0b")), "a\\x00b")
        self.assertKept(
            self._answered(answer(200, b"\xff\xfe\xed\xa0\x80")), "\\xff\\xfe\\xed\\xa0\\x80"
        )
        self.assertKept(self._answered(answer(200, "€".encode() * 2000)), "€" * 682)

    def test_an_endless_answer_is_a_success_of_which_2_kib_are_stored(self):
        endless = send_for_ever(HEAD + b"\r\n", b"\0" * 10_000)
        stored = self._answered(endless).attempt_ids.response_excerpt
        self.assertEqual(stored, "\\x00" * 512)
        self.assertEqual(len(stored.encode()), 2048)

    def test_a_status_and_headers_out_of_any_order_are_stored(self):
        delivery = self._answered(
            send(b"HTTP/1.1 999 \xff\xfe\r\nRetry-After: \xff\0\r\nContent-Length: 0\r\n\r\n")
        )
        self.assertState(delivery, "pending", attempts=1)
        self.assertEqual(delivery.attempt_ids.status, 999)

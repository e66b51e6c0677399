from odoo.exceptions import ValidationError
from odoo.modules.neutralize import get_neutralization_queries
from odoo.tests import Form
from odoo.tools import file_open, mute_logger

from ...core.webhook import safe_http
from ...models.webhook import delivery as outbox
from ..webhook_case import WebhookCase


class TestWebhookRetention(WebhookCase):
    """Delivered events are removed after a while, failed ones wait for staff."""

    def _aged(self, state, days):
        delivery = self._emit()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE fusion_billing_webhook_delivery SET state = %s,"
            " delivered_at = CASE WHEN %s = 'delivered' THEN now() - %s * interval '1 day' END,"
            " write_date = now() - %s * interval '1 day' WHERE id = %s",
            (state, state, days, days, delivery.id),
        )
        self.env.invalidate_all()
        return delivery

    def setUp(self):
        super().setUp()
        self.service.webhook_url = "https://example.com/"

    def test_only_what_is_done_with_and_old_is_removed(self):
        old = self._aged("delivered", 91) | self._aged("cancelled", 91)
        kept = (
            self._aged("delivered", 89)
            | self._aged("failed", 400)
            | self._aged("pending", 400)
            | self._aged("cancelled", 89)
        )
        self.env["fusion.billing.webhook.delivery"]._gc_done()
        self.assertFalse(old.exists())
        self.assertEqual(kept.exists(), kept)

    def test_the_setting_says_how_long(self):
        delivery = self._aged("delivered", 8)
        self._set_param("retention_days", "7")
        self.assertEqual(delivery._gc_done(), (1, False))
        self.assertFalse(delivery.exists())

    def test_it_works_in_bounded_batches(self):
        self.patch(outbox, "VACUUM_BATCH", 2)
        for _ in range(3):
            self._aged("delivered", 100)
        deliveries = self.env["fusion.billing.webhook.delivery"]
        self.assertEqual(deliveries._gc_done(), (2, True))
        self.assertEqual(deliveries._gc_done(), (1, False))

    def test_attempts_go_with_their_event(self):
        with self._endpoint():
            delivery = self._emit()
            self._deliver()
        attempts = delivery.attempt_ids
        delivery.unlink()
        self.assertFalse(attempts.exists())


class TestWebhookSettings(WebhookCase):
    def test_an_address_that_is_not_public_is_refused_when_saved(self):
        """W2: the whole table is in the tests of core.webhook.safe_target."""
        for url in (
            "http://example.com/",
            "https://10.0.0.1/",
            "https://localhost/",
            "https://[::1]/",
            "https://user:pass@example.com/",
            "https://example.com:8443/",
            "https://127.0.0.1@a.b/",
            "https://169.254.169.254/latest/meta-data/",
            "not an address",
        ):
            with self.subTest(url=url), self.assertRaises(ValidationError):
                self.service.webhook_url = url

    def test_a_name_with_one_address_that_is_not_public_is_refused_when_saved(self):
        self.patch(safe_http.resolve, "__defaults__", (lambda _host: ["8.8.8.8", "10.0.0.5"], 3))
        with self.assertRaises(ValidationError):
            self.service.webhook_url = "https://hooks.example.com/"

    def test_a_host_that_does_not_exist_yet_is_accepted(self):
        self.service.webhook_url = "https://not-there-yet.invalid/hook"

    def test_a_target_that_is_not_allowed_any_more_is_not_called(self):
        """W2: it is checked at every connect."""
        with self._endpoint() as endpoint:
            delivery = self._emit()
            self._set_param("development_hosts", "")
            self._deliver()
        self.assertEqual(endpoint.connections, 0)
        self.assertState(delivery, "pending", attempts=1)
        self.assertIn(delivery.attempt_ids.error_code, ("port_not_allowed", "address_not_public"))

    def test_ports_and_development_hosts_come_from_the_settings(self):
        with Form(self.env["res.config.settings"]) as settings:
            settings.fusion_webhook_allowed_ports = "443, 8443"
            settings.fusion_webhook_development_hosts = "localhost:9000, 127.0.0.1"
        settings.save().execute()
        transport = self.env["fusion.billing.webhook.delivery"]._transport()
        self.assertEqual(transport["allowed_ports"], (443, 8443))
        self.assertEqual(transport["development_hosts"], ("localhost:9000", "127.0.0.1"))
        self.service.webhook_url = "https://example.com:8443/"

    def test_settings_that_make_no_sense_are_refused(self):
        settings = self.env["res.config.settings"]
        for values in (
            {"fusion_webhook_allowed_ports": "https"},
            {"fusion_webhook_allowed_ports": "70000"},
            {"fusion_webhook_retention_days": 0},
        ):
            with self.subTest(values), self.assertRaises(ValidationError):
                settings.create(values)

    def test_by_default_no_development_host_is_allowed(self):
        self._set_param("development_hosts", False)
        self._set_param("development_ca", False)
        self.assertEqual(
            self.env["fusion.billing.webhook.delivery"]._transport(),
            {"allowed_ports": (443,), "development_hosts": (), "ca_file": None},
        )


class TestNeutralize(WebhookCase):
    def test_a_copied_database_calls_nobody(self):
        """The script that Odoo runs on copies, run on this database."""
        with self._endpoint() as endpoint:
            delivery = self._emit()
            self._commit()
            with file_open("fusion_billing/data/neutralize.sql") as script:
                self.env.cr.execute(script.read())
            self.env.invalidate_all()
            with mute_logger("odoo.addons.base.models.ir_cron"):
                self._run_cron("ir_cron_deliver_webhooks")
            self.env.invalidate_all()
            self.service.webhook_enabled = True
            self.assertFalse(self._emit(2))
        self.assertEqual(endpoint.connections, 0)
        self.assertFalse(self.service.webhook_url)
        self.assertFalse(self.service.with_context(active_test=False).api_key_ids)
        self.assertFalse(self.service.with_context(active_test=False).webhook_secret_ids)
        self.assertState(delivery, "cancelled")
        self.env.registry.clear_all_caches()
        get_param = self.env["ir.config_parameter"].get_param
        self.assertFalse(get_param("fusion_billing.webhook_development_hosts"))
        self.assertFalse(get_param("fusion_billing.webhook_development_ca"))
        crons = self.env["ir.model.data"].search(
            [("module", "=", "fusion_billing"), ("model", "=", "ir.cron")]
        )
        self.assertEqual(len(crons), 11)
        self.assertFalse(self.env["ir.cron"].browse(crons.mapped("res_id")).filtered("active"))

    def test_the_addon_tells_odoo_of_the_script(self):
        queries = "".join(get_neutralization_queries(["fusion_billing"]))
        self.assertIn("fusion_billing_webhook_secret", queries)

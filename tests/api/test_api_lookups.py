"""What ingest remembers, and what it reads anew for each batch."""

from datetime import date

from odoo.tests import freeze_time, tagged

from odoo.addons.fusion_billing.models.api import access

from ..api_usage_case import ApiUsageCase


@tagged("post_install", "-at_install")
@freeze_time("2026-01-31 12:00:00")
class TestApiLookups(ApiUsageCase):
    def _spans(self):
        named, _metrics = self.env["fusion.billing.api.usage"]._look_up(
            self.service, {self.subscription.id}
        )
        return list(named[self.subscription.id].spans)

    def assertSpansAgree(self):
        self.assertEqual(self._spans(), self.subscription._fusion_spans())

    def test_a_batch_reads_the_lives_that_the_engine_knows(self):
        """U5: in SQL, whatever happens to a subscription and its days."""
        self.assertTrue(self._spans())
        self.assertSpansAgree()
        start = self.subscription.fusion_start_date
        self.subscription._fusion_pause(date(start.year + 1, 2, 1), date(start.year + 1, 3, 1))
        self.assertEqual(len(self._spans()), 2)
        self.assertSpansAgree()
        self.env.company.fusion_billing_tz = "Europe/Paris"
        self.assertSpansAgree()
        self.subscription._fusion_close(date(start.year + 2, 1, 1), discard_usage=True)
        self.assertTrue(self._spans()[-1][1])
        self.assertSpansAgree()

    def test_a_metric_is_known_as_soon_as_it_is_there_and_no_longer(self):
        event = self._event(metric_code="brand_new")
        self.assertBatchRefused(self.push(event), (0, "unknown_metric", "metric_code"))
        metric = self.env["fusion.billing.metric"].create({"name": "New", "code": "brand_new"})
        self.assertPushed(self.push(event), inserted=1)
        metric.active = False
        self.assertError(self.push(event), 400, "unknown_metric")

    def test_a_key_is_remembered_for_a_second_and_then_asked_for_again(self):
        """A2: what SQL alone has changed holds after a second, what Odoo has changed at once."""
        keys, now = self.env["fusion.billing.api.key"], [100.0]
        self.patch(access, "monotonic", lambda: now[0])
        self.assertTrue(keys._authenticate(self.key))
        self.env.cr.execute("UPDATE fusion_billing_api_key SET active = false")
        self.assertTrue(keys._authenticate(self.key))
        now[0] += access.REMEMBERED
        self.assertFalse(keys._authenticate(self.key))
        self.env.cr.execute("UPDATE fusion_billing_api_key SET active = true")
        self.assertTrue(keys._authenticate(self.key))
        self.service.active = False
        self.env.flush_all()
        self.assertFalse(keys._authenticate(self.key))

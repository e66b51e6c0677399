import json
from datetime import datetime, timedelta
from unittest.mock import patch

from odoo import fields
from odoo.sql_db import Cursor
from odoo.tests import freeze_time, tagged

from ..core.https_endpoint import Authority, Endpoint, answer
from ..sandbox_case import NOW, SandboxCase

HOOK = "https://hooks.example.com/billing"
# What is another one in each company.
VARYING = {"partner_id", "subscription_id", "plan_id", "invoice_id", "number", "invoice_number"}


@tagged("post_install", "-at_install")
class TestSandboxEvents(SandboxCase):
    """What happens in a sandbox is what would have happened, and says that it is a test."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        authority = Authority()  # while it is really now: certificates are of today
        cls.addClassCleanup(authority.close)
        cls.certificate = authority.certificate("127.0.0.1")
        super().setUpClass()
        # Tests stop the database's clock too, as Odoo's own test cursor does.
        cls.startClassPatcher(patch.object(Cursor, "now", lambda _cursor: fields.Datetime.now()))
        cls.service.webhook_url = cls.sandbox.webhook_url = HOOK
        for name, value in (
            ("development_hosts", "127.0.0.1"),
            ("development_ca", authority.ca_file),
        ):
            cls.env["ir.config_parameter"].set_param(f"fusion_billing.webhook_{name}", value)
        for service in (cls.service, cls.sandbox.sudo()):
            service._generate_webhook_secret()
        cls.env.cr.flush()

    @classmethod
    def _set_up_catalogue(cls):
        metered = cls._plan("metered", draft_hours=30, billing_period_unit="week")
        cls._charge(plan=metered, price_per_unit="0.067")
        cls.charge.threshold_ids = [(0, 0, {"kind": "percent", "threshold_value": 80})]

    def _events(self, service):
        self.env.cr.flush()
        deliveries = self.env["fusion.billing.webhook.delivery"]
        return [
            json.loads(delivery.body)
            for delivery in deliveries.search([("service_id", "=", service.id)], order="id")
        ]

    # === AS IT WOULD HAVE BEEN === #

    def _go_in_business(self, until):
        """Let days go by for everybody, with the scheduled actions at each midnight."""
        until = datetime.fromisoformat(until)
        moment = fields.Datetime.now()
        self._run_scheduled_actions()
        while moment < until:
            midnight = datetime.combine(moment.date(), datetime.min.time()) + timedelta(days=1)
            moments = [midnight, until]
            held = self.env["account.move"].search(
                [("state", "=", "draft"), ("company_id", "=", self.company.id)]
            )
            moments += [at for at in held.mapped("fusion_post_at") if at and at > moment]
            moment = min(moments)
            self._freeze(moment)
            self._run_scheduled_actions()

    def _run_scheduled_actions(self):
        self._rate()
        self._bill()
        self.env["account.move"]._fusion_cron_tell_overdue()
        self.env.cr.flush()

    def _freeze(self, moment):
        clock = freeze_time(moment)
        clock.start()
        self.addCleanup(clock.stop)

    def _live(self, go):
        """A customer of some weeks."""
        subscription = self._sign_up()
        self._push(90, "2026-01-16 00:00:00")
        go("2026-01-18 00:00:00")
        self._push(30, "2026-01-17 00:00:00")
        go("2026-01-23 18:00:00")
        self._push(5, "2026-01-17 06:00:00")
        metered = subscription.fusion_plan_id.search(
            [("code", "=", "metered"), ("company_id", "=", subscription.company_id.id)]
        )
        subscription.sudo()._fusion_change_plan(metered, fields.Date.to_date("2026-01-26"))
        go("2026-01-28 00:00:00")
        self._push(1000, "2026-01-27 00:00:00")
        go("2026-01-29 06:00:00")
        self._push(7, "2026-01-28 00:00:00")
        go("2026-02-01 00:00:00")
        self._push(9, "2026-01-30 00:00:00")
        subscription.sudo()._fusion_close(fields.Date.to_date("2026-02-03"))
        go("2026-02-06 00:00:00")
        return subscription

    def _said(self, event):
        return event["type"], event["timestamp"], _masked(event["data"])

    def _told(self, subscription):
        return [
            (
                str(move.invoice_date),
                move.state,
                move.move_type,
                move.invoice_line_ids.sorted("sequence").mapped("name"),
                move.invoice_line_ids.sorted("sequence").mapped("price_subtotal"),
                move.amount_total,
            )
            for move in subscription.invoice_ids.sorted("id")
        ]

    def test_documents_and_events_are_those_that_business_would_have_seen(self):
        tested = self._live(self._advance)
        events = self._events(self.sandbox)
        self.world, self.sandbox = self.env, self.service
        done = self._live(self._go_in_business)
        self.assertEqual(self._told(tested), self._told(done))
        self.assertEqual(len(done.invoice_ids), 4)
        expected = self._events(self.service)
        self.assertEqual([self._said(one) for one in events], [self._said(one) for one in expected])
        types = {event["type"] for event in events}
        self.assertLessEqual(
            {"usage.threshold_reached", "invoice.overdue", "subscription.cancelled"}, types
        )

    # === THAT IT IS A TEST === #

    def test_events_of_a_sandbox_say_so_and_no_others_do(self):
        self._sign_up()
        self._advance("2026-01-22 00:00:00")
        tested = self._events(self.sandbox)
        self.assertGreater(len(tested), 4)
        self.assertTrue(all(event["sandbox"] is True for event in tested))
        self.service._send_test_event()
        [real] = self._events(self.service)
        self.assertEqual(list(real), ["id", "type", "timestamp", "api_version", "data"])

    def test_they_happen_by_its_clock_and_are_signed_and_sent_by_the_servers(self):
        self.service.webhook_url = False
        with Endpoint(answer(), self.certificate) as endpoint:
            self.sandbox.webhook_url = f"https://127.0.0.1:{endpoint.port}/"
            self._advance("2026-01-17 00:00:00")
            self._sign_up()
            self.env.cr.flush()
            self._run_cron("ir_cron_deliver_webhooks")
            self.env.invalidate_all()
            bodies = [json.loads(body) for _line, _headers, body in endpoint.requests]
            sent = {
                dict(headers)["webhook-timestamp"] for _line, headers, _body in endpoint.requests
            }
        self.assertEqual({body["timestamp"] for body in bodies}, {"2026-01-17T00:00:00Z"})
        self.assertTrue(bodies)
        now = (fields.Datetime.to_datetime(NOW) - datetime(1970, 1, 1)).total_seconds()
        self.assertEqual(sent, {str(int(now))})

    def test_a_threshold_is_reached_by_its_clock(self):
        self._sign_up()
        self._advance("2026-01-20 18:00:00")
        self._push(90, "2026-01-16 00:00:00")
        self._advance("2026-01-20 19:00:00")
        [reached] = [
            event["data"]
            for event in self._events(self.sandbox)
            if event["type"] == "usage.threshold_reached"
        ]
        self.assertEqual(reached["reached_at"], "2026-01-20T18:00:00Z")


def _masked(value):
    """The same without what is another one in each company."""
    if isinstance(value, dict):
        return {key: _masked(one) for key, one in value.items() if key not in VARYING}
    return [_masked(one) for one in value] if isinstance(value, list) else value

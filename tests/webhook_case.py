import json
from contextlib import contextmanager
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.sql_db import Cursor
from odoo.tools import mute_logger

from .api_description import event_differences
from .common import BillingCase
from .core.https_endpoint import Authority, Endpoint, answer

DELIVER = "ir_cron_deliver_webhooks"
NOW = "2026-01-15 12:00:00"


class WebhookCase(BillingCase):
    """A service whose events go to a real HTTPS endpoint on this machine, and its customer."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Tests stop the database's clock too, as Odoo's own test cursor does.
        cls.startClassPatcher(patch.object(Cursor, "now", lambda _cursor: fields.Datetime.now()))
        authority = Authority()
        cls.addClassCleanup(authority.close)
        cls.certificate = authority.certificate("127.0.0.1")
        cls._set_param("development_hosts", "127.0.0.1")
        cls._set_param("development_ca", authority.ca_file)
        cls.service = cls._service("nexacloud")
        cls.secret = cls.service._generate_webhook_secret()
        cls.link = cls._link("acme")
        cls.env.cr.flush()

    @classmethod
    def _set_param(cls, name, value):
        cls.env["ir.config_parameter"].set_param(f"fusion_billing.webhook_{name}", value)

    # === ENDPOINTS === #

    @contextmanager
    def _endpoint(self, behave=None, service=None):
        """Run an endpoint, and have the events of a service sent to it; all of them succeed."""
        with Endpoint(behave or answer(), self.certificate) as endpoint:
            self._point(endpoint, service)
            yield endpoint

    def _point(self, endpoint, service=None):
        (service or self.service).webhook_url = f"https://127.0.0.1:{endpoint.port}/hook?app=1"

    def _emit(self, number=1, service=None, subscription=None):
        """Emit an event that carries a number; return its deliveries."""
        return self.env["fusion.billing.webhook.delivery"]._emit(
            "endpoint.test",
            service or self.service,
            lambda _service: {"number": number},
            subscription,
        )

    def _deliver(self):
        """Run the sender as the scheduler does; the transaction is committed for it."""
        self._commit()
        with mute_logger("odoo.addons.base.models.ir_cron"):
            self._run_cron(DELIVER)
        self.env.invalidate_all()

    def _commit(self):
        """What Odoo does before a commit: flush, and run what waits for it."""
        self.env.cr.flush()

    # === WHAT HAPPENED === #

    def _outbox(self, **domain):
        self._commit()
        return self.env["fusion.billing.webhook.delivery"].search(
            [(name, "=", value) for name, value in domain.items()], order="id"
        )

    def _told(self, since=None, service=None):
        """The types of the events in the outbox, oldest first."""
        deliveries = self._outbox(service_id=(service or self.service).id)
        return (deliveries - (since or deliveries.browse())).mapped("event_type")

    def _data(self, delivery):
        return json.loads(delivery.body)["data"]

    def _numbers(self, endpoint):
        """The numbers of the events that arrived, in the order of their arrival."""
        return [json.loads(body)["data"]["number"] for _line, _headers, body in endpoint.requests]

    def assertState(self, delivery, state, attempts=None):
        self.assertEqual(delivery.state, state, delivery.last_error)
        if attempts is not None:
            self.assertEqual(delivery.attempts, attempts)


class WebhookToldCase(WebhookCase):
    """An endpoint that is set, so that events are kept, and nothing is sent."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.service.webhook_url = "https://hooks.example.com/billing"

    def setUp(self):
        super().setUp()
        self._begin()

    def _begin(self):
        """Forget what was told so far."""
        self.before = self._outbox()

    def _new(self):
        """The events since then."""
        return self._outbox() - self.before

    def assertTold(self, *event_types):
        """These are the events since then, in this order; return the last one's data."""
        told = self._new().sorted("id")
        self.assertEqual(told.mapped("event_type"), list(event_types))
        for delivery in told:
            self.assertEqual(list(event_differences(json.loads(delivery.body))), [])
        self._begin()
        return self._data(told[-1]) if told else None


class WebhookEventsCase(WebhookToldCase):
    """It is noon on 15 January."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        clock = freeze_time(NOW)
        clock.start()
        cls.addClassCleanup(clock.stop)

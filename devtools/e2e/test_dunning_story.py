"""A card is declined, the customer is told and paused, pays in a browser, and goes on by itself."""

import json
import re
import threading
import unittest
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import requests

from core.api.events import EVENT_TYPES
from devtools import browser, in_odoo
from devtools.card_checkout import CardCheckout
from devtools.clock import SharedClock
from devtools.databases import query, temporary_database
from devtools.e2e.staff import Staff
from devtools.fusion_client import BASE
from devtools.metering import instant
from devtools.odoo import OdooServer
from devtools.paths import LOGS
from devtools.screenshots import Chromium, Screen
from devtools.smtp_sink import SmtpSink
from devtools.webhook_receiver import EVENTS_PATH, HOST, Authority, Inbox, Server

ADDONS = ("fusion_billing", "payment_fusion_test")
BILLED = datetime(2026, 3, 1, 9)
BILL, COLLECT, DUN, DELIVER = (
    f"fusion_billing.ir_cron_{name}"
    for name in ("create_invoices", "collect", "dun", "deliver_webhooks")
)
MAIL = "mail.ir_cron_mail_scheduler_action"
#: What the app is told, in this order: first until it is paused, then of what follows.
FIRST = [
    "invoice.payment_failed",
    "invoice.payment_failed",
    "customer.overdue",
    "subscription.paused",
]
THEN = ["invoice.paid", "subscription.resumed", "customer.paid_up"]
FIRST, THEN = ([name for name in told if name in EVENT_TYPES] for told in (FIRST, THEN))
NEW_CARD = "input[name=o_payment_radio][data-payment-option-type=payment_method]"
SUBMIT = "button[name=o_payment_submit_button]:not([disabled])"
WAITS = """
SELECT count(*) FROM ir_cron_trigger AS trigger JOIN ir_model_data AS data
    ON data.model = 'ir.cron' AND data.res_id = trigger.cron_id
 WHERE data.name = 'ir_cron_dun'
"""


class TestDunningStory(unittest.TestCase):
    def setUp(self):
        browser.ensure_program()
        if not browser.is_installed():
            self.skipTest("there is no browser")
        self.network = self.enterContext(CardCheckout())
        self.sink = self.enterContext(SmtpSink())
        self.receive()
        self.database = self.enterContext(temporary_database("dun_story", install=ADDONS))
        self.clock = SharedClock(Path(self.enterContext(TemporaryDirectory()), "clock"))
        self.clock.set(BILLED)
        server = OdooServer(self.database, workers=0, clock=self.clock)
        self.network.notify_url = f"{server.url}/payment/fusion_test/notify"
        self.world = in_odoo.call(
            self.database,
            "dunning.begin_story",
            network=self.network.url,
            smtp_port=self.sink.port,
            shop=server.url,
            hook=self.hook,
            ca_file=self.authority.ca_file,
        )
        self.inbox.secrets[EVENTS_PATH] = [self.world["secret"]]
        self.server = self.enterContext(server)
        self.staff = Staff(self.server.url, self.database)

    def receive(self):
        """Be the app that is told of what happens."""
        self.authority = Authority()
        self.addCleanup(self.authority.close)
        self.inbox = Inbox()
        server = Server(self.inbox, self.authority.certificate(HOST))
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.hook = server.url(EVENTS_PATH)

    # === TIME === #

    def go_to(self, late):
        """Let it be morning so many days after the invoice was due."""
        self.clock.set(BILLED + timedelta(days=late))

    def run_crons(self, *names):
        for name in names:
            done = self.staff.press("ir.cron", self.world["crons"][name], "method_direct_trigger")
            self.assertNotIsInstance(done, dict, f"{name}: {str(done)[-1500:]}")

    # === THE APP === #

    def push(self):
        """Push what was used in the last hour; return the answer."""
        now = self.clock.now().replace(minute=0, second=0, microsecond=0)
        event = {
            "subscription_external_id": self.world["name"],
            "metric_code": "api_calls",
            "quantity": "7",
            "period_start": instant(now - timedelta(hours=1)),
            "period_end": instant(now),
            "idempotency_key": f"{now}",
        }
        return requests.post(
            f"{self.server.url}{BASE}/usage",
            headers={"Authorization": f"Bearer {self.world['key']}"},
            json={"events": [event]},
            timeout=60,
        )

    def told(self):
        """What the app was told that the story is about."""
        self.run_crons(DELIVER)
        self.assertFalse(self.inbox.refused)
        return [
            event["type"] for event in self.inbox.events.values() if event["type"] in FIRST + THEN
        ]

    # === THE STORY === #

    def test_who_is_late_is_told_and_paused_and_goes_on_once_all_is_paid(self):
        self.assertEqual(self.push().status_code, 200)
        self.run_crons(BILL, COLLECT)
        self.go_to(late=3)
        self.run_crons(DUN, COLLECT, DUN, MAIL)
        self.assertEqual([charge["card"] for charge in self.network.asked], ["declined"] * 2)
        link = self.read_mail()
        self.assertEqual(self.push().status_code, 200)

        self.go_to(late=5)
        self.run_crons(DUN)
        self.go_to(late=6)
        refused = self.push()
        self.assertEqual(refused.status_code, 400, refused.text)
        self.assertEqual(self.told(), FIRST)

        self.pay_in_browser(link)
        self.assertEqual(query(self.database, WAITS), [(1,)], "it goes on by itself")
        self.run_crons(DUN)
        self.clock.move(hours=2)
        self.assertEqual(self.push().status_code, 200)
        self.assertEqual(self.told(), FIRST + THEN)
        self.assertEqual(list(self.network.times_charged().values()), [1])

    def read_mail(self):
        """Return the link in the one e-mail that came."""
        [mail] = self.sink.messages
        self.assertIn("late@customer.example", mail["To"])
        text = mail.get_body(("html",)).get_content()
        [link] = re.findall(r'href="([^"]*/my/overdue/[^"]*)"', text)
        return link.replace("&amp;", "&")

    # === THE BROWSER === #

    def pay_in_browser(self, link):
        """Open the link of the e-mail, and pay with a card that was never saved."""
        with Chromium() as chromium:
            self.take(chromium, link, "before", "#o_payment_form")
            self.press(chromium, NEW_CARD, SUBMIT)
            self.press(chromium, SUBMIT, "input[name=card]")
            chromium.evaluate("document.querySelector('input[name=card]').value = 'good'")
            self.press(chromium, "button", ".o_fusion_overdue .alert-success")
            self.take(chromium, link, "after", ".o_fusion_overdue .alert-success")

    def take(self, chromium, link, name, selector):
        """Keep a picture of the page, for people who look."""
        (LOGS / f"dunning-{name}.png").write_bytes(chromium.take(link, Screen(link, selector)))

    def press(self, chromium, selector, until):
        """Press something, and wait for what comes of it."""
        chromium.wait_for(selector)
        chromium.evaluate(f"document.querySelector({json.dumps(selector)}).click()")
        chromium.wait_for(until)

"""`./dev demo --late`: a card is declined, and what comes of it until all is paid.

A real Odoo with its clock moved, a network of cards, a server that takes the e-mails, an app that
is told by webhooks, and a browser in which the customer pays. Each step is checked as it is taken.
"""

import contextlib
import re
import threading
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import requests

from devtools import browser
from devtools.clock import SharedClock
from devtools.console import DevError, say, step
from devtools.databases import query, temporary_database
from devtools.odoo import OdooServer
from devtools.paths import LOGS
from devtools.screenshots import Screen, take
from e2e import in_odoo
from e2e.peers.card_checkout import CardCheckout
from e2e.peers.fusion_client import BASE
from e2e.peers.smtp_sink import SmtpSink
from e2e.peers.webhook_receiver import HOST, Authority
from e2e.staff import Staff
from examples.request_log import instant
from examples.webhook_receiver import EVENTS_PATH, Inbox, Server

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
THEN = ["invoice.paid", "customer.paid_up", "subscription.resumed"]
NEW_CARD = "label[for^=o_payment_method_]"
SUBMIT = "button[name=o_payment_submit_button]:not([disabled])"
PAID = ".o_fusion_overdue .alert-success"
WAITS = """
SELECT count(*) FROM ir_cron_trigger AS trigger JOIN ir_model_data AS data
    ON data.model = 'ir.cron' AND data.res_id = trigger.cron_id
 WHERE data.name = 'ir_cron_dun'
"""


def main() -> int:
    """Tell the story; return 0, or raise where it goes another way."""
    browser.ensure_program()
    if not browser.is_installed():
        raise DevError("there is no browser for the customer to pay in")
    with LatePayer() as story:
        story.tell()
    return 0


class LatePayer:
    """The world of the story, and the story."""

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            enter = stack.enter_context
            self.network, self.sink = enter(CardCheckout()), enter(SmtpSink())
            folder = Path(enter(TemporaryDirectory()))
            self.receive(stack, folder / "seen")
            self.database = enter(temporary_database("late", install=ADDONS))
            self.clock = SharedClock(folder / "clock")
            self.clock.set(BILLED)
            server = OdooServer(self.database, workers=0, clock=self.clock)
            self.prepare(server.url)
            self.server = enter(server)
            self.staff = Staff(self.server.url, self.database)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error):
        return self._stack.__exit__(*error)

    def receive(self, stack, seen: Path) -> None:
        """Be the app that is told of what happens."""
        self.authority, self.secrets = Authority(), []
        self.inbox = Inbox(self.secrets, seen)
        stack.callback(self.authority.close)
        server = Server(self.inbox, self.authority.certificate(HOST))
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        stack.callback(server.server_close)
        stack.callback(server.shutdown)
        self.hook = f"https://{HOST}:{server.server_port}{EVENTS_PATH}"

    def prepare(self, url: str) -> None:
        """Make a customer with a card that is declined, a plan and a policy."""
        self.network.notify_url = f"{url}/payment/fusion_test/notify"
        self.world = in_odoo.call(
            self.database,
            "dunning.begin_story",
            network=self.network.url,
            smtp_port=self.sink.port,
            shop=url,
            hook=self.hook,
            ca_file=self.authority.ca_file,
        )
        self.secrets.append(self.world["secret"])

    # === THE STORY === #

    def tell(self) -> None:
        """:raise DevError: something did not happen as it should"""
        self.is_declined()
        link = self.is_reminded()
        self.is_paused()
        self.pays(link)
        self.goes_on()

    def is_declined(self) -> None:
        with step("a month is billed, and the saved card is declined"):
            self.push(taken=True)
            self.run_crons(BILL, COLLECT)
            self.check(self.asked() == ["declined"], "the card was not charged once")

    def is_reminded(self) -> str:
        """Return the link in the e-mail that the customer gets."""
        with step("three days later it is charged again, and the customer is mailed"):
            self.go_to(late=3)
            self.run_crons(DUN, COLLECT, DUN, MAIL)
            self.check(self.asked() == ["declined"] * 2, "the card was not tried once more")
            return self.read_mail()

    def is_paused(self) -> None:
        with step("five days later the subscription is paused: usage is refused from the next day"):
            self.push(taken=True)
            self.go_to(late=5)
            self.run_crons(DUN)
            self.go_to(late=6)
            self.push(taken=False)
            self.check(self.told() == FIRST, f"the app was told {self.told()}")

    def pays(self, link: str) -> None:
        with step("the customer opens the link in a browser, and pays with another card"):
            self.pay_in_browser(link)
            charged = list(self.network.times_charged().values())
            self.check(charged == [1], f"the new card was charged {charged} times")

    def goes_on(self) -> None:
        with step("the subscription goes on by itself"):
            self.check(query(self.database, WAITS) == [(1,)], "nothing waits to go on")
            self.run_crons(DUN)
            self.clock.move(hours=2)
            self.push(taken=True)
            self.check(self.told() == FIRST + THEN, f"the app was told {self.told()}")
        say(f"The app was told, in this order: {', '.join(self.told())}")

    def check(self, is_so: bool, otherwise: str) -> None:
        if not is_so:
            raise DevError(f"DIFFERENT: {otherwise}")

    # === TIME === #

    def go_to(self, late: int) -> None:
        """Let it be morning so many days after the invoice was due."""
        self.clock.set(BILLED + timedelta(days=late))

    def run_crons(self, *names: str) -> None:
        for name in names:
            done = self.staff.press("ir.cron", self.world["crons"][name], "method_direct_trigger")
            self.check(not isinstance(done, dict), f"{name}: {str(done)[-1500:]}")

    # === THE APP === #

    def push(self, taken: bool) -> None:
        """Push what was used in the last hour: it is taken, or refused."""
        now = self.clock.now().replace(minute=0, second=0, microsecond=0)
        event = {
            "subscription_external_id": self.world["name"],
            "metric_code": "api_calls",
            "quantity": "7",
            "period_start": instant(now - timedelta(hours=1)),
            "period_end": instant(now),
            "idempotency_key": f"{now}",
        }
        answer = requests.post(
            f"{self.server.url}{BASE}/usage",
            headers={"Authorization": f"Bearer {self.world['key']}"},
            json={"events": [event]},
            timeout=60,
        )
        expected = 200 if taken else 400
        self.check(answer.status_code == expected, f"a push was answered with {answer.text}")

    def asked(self) -> list[str]:
        """The cards that the network was asked to charge."""
        return [charge["card"] for charge in self.network.asked]

    def told(self) -> list[str]:
        """What the app was told that the story is about."""
        self.run_crons(DELIVER)
        self.check(not self.inbox.refused, "an event was not signed as it should be")
        types = [event["type"] for event in self.inbox.events]
        return [event_type for event_type in types if event_type in FIRST + THEN]

    # === THE CUSTOMER === #

    def read_mail(self) -> str:
        """Return the link in the one e-mail that came."""
        [mail] = self.sink.messages
        self.check("late@customer.example" in mail["To"], f"the e-mail went to {mail['To']}")
        text = mail.get_body(("html",)).get_content()
        [link] = re.findall(r'href="([^"]*/my/overdue/[^"]*)"', text)
        return link.replace("&amp;", "&")

    def pay_in_browser(self, link: str) -> None:
        """Open the link of the e-mail, and pay with a card that was never saved."""
        with browser.page() as page:
            self.keep(page, link, "before", "#o_payment_form")
            page.get_by_text("Choose another method").click()
            page.click(NEW_CARD)
            page.click(SUBMIT)
            page.fill("input[name=card]", "good")
            page.click("button")
            page.wait_for_selector(PAID)
            self.keep(page, link, "after", PAID)

    def keep(self, page, link: str, name: str, selector: str) -> None:
        """Keep a picture of the page, for people who look."""
        (LOGS / f"dunning-{name}.png").write_bytes(take(page, link, Screen(link, selector)))

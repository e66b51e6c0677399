"""`./dev demo`: the main job, end to end, on real input, and checked to the cent.

A map service that bills by usage signs up its customers, who call it for a month that passes in
some seconds. It pushes what it counted; Odoo rates and invoices it. At the end everything that was
billed is held against a recount of the service's own request log.
"""

import contextlib
import fcntl
import shutil
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path

from devtools.console import DevError, say, step
from devtools.databases import PREFIX, create_database, drop_database, ensure_template
from devtools.locks import attempt
from devtools.odoo import OdooServer
from devtools.paths import ADDON, DEV
from e2e import in_odoo
from e2e.demo import billed
from e2e.demo import events as demo_events
from e2e.demo import report as demo_report
from e2e.demo.prices import METRICS, PRICES
from e2e.demo.recount import recount
from e2e.peers.crowd import Crowd
from e2e.peers.sample_app_process import SampleApp
from examples.request_log import instant

#: Name, plan, share of the calls. One never calls, one stays within what its plan includes.
CUSTOMERS = (
    ("Acme Maps", "starter", 6),
    ("Blue Harbor", "starter", 1),
    ("Cedar Logistics", "business", 14),
    ("Delta Travel", "business", 4),
    ("Echo Games", "starter", 0),
)
SECONDS = 15
AFTERMATH = timedelta(hours=18)  # traffic goes on into the next period, which is not billed yet


def main(port: int | None, leave: bool) -> int:
    """Run the demo on a fresh database.

    :param port: for Odoo; None takes a free one
    :param leave: end after the check instead of serving on
    :return: exit status, 1 if anything was billed wrong
    """
    database = f"{PREFIX}_demo"
    with alone():
        drop_database(database)
        ensure_template((ADDON,))  # shows its own progress
        with step(f"creating the database {database}"):
            create_database(database)
        return Demo(database).run(port, leave)


@contextlib.contextmanager
def alone():
    """Two demos at once would share a database: the second is refused."""
    with (DEV / "demo.lock").open("a") as handle:
        if not attempt(handle, fcntl.LOCK_EX):
            raise DevError("another ./dev demo is running: end it first")
        yield


class Demo:
    """One run on a database that has the addon and nothing else.

    :param float seconds: how long the month lasts
    """

    def __init__(self, database: str, seconds: float = SECONDS):
        self.database, self.seconds = database, seconds
        self.folder = DEV / "demo" / database
        self.start, self.end = period_until(datetime.now(timezone.utc).date())
        self.plans = {"-".join(name.lower().split()): plan for name, plan, _share in CUSTOMERS}

    @property
    def log(self) -> Path:
        """The sample app's request log."""
        return self.folder / "requests.jsonl"

    def run(self, port: int | None = None, leave: bool = True) -> int:
        tax_percent = self.prepare()
        with (
            demo_events.endpoint(self.database, "nexamaps") as webhooks,
            OdooServer(self.database, workers=2, port=port or 0, cron_threads=1) as odoo,
            SampleApp(odoo.url, self.key, self.log, webhooks) as app,
        ):
            self.live_a_month(app)
            self.bill()
            if not all([self.check(tax_percent), self.check_events(app, tax_percent)]):
                return 1
            if leave:
                demo_report.say_how_to_return(self.database)
            else:
                self.serve(odoo, app)
        return 0

    def prepare(self) -> str:
        """Enter the price list and the service; the server's own crons wait for the check.

        :return: the tax on everything, in percent
        """
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        with step("entering plans, metrics, charges, products and the service"):
            made = in_odoo.call(
                self.database, "catalog.create", service="NexaMaps", metrics=METRICS, prices=PRICES
            )
            in_odoo.call(self.database, "crons.set_active", active=False)
        self.key = made["key"]
        return made["tax_percent"]

    def live_a_month(self, app: SampleApp) -> None:
        """Sign up customers a month ago, and let them call until a while after its end."""
        month = (self.end + AFTERMATH - self.start) / timedelta(seconds=self.seconds)
        app.move_clock(now=instant(self.start), speed=0)
        with step(f"signing up {len(CUSTOMERS)} customers on {self.start:%Y-%m-%d}"):
            shares = [(app.sign_up(name, plan), share) for name, plan, share in CUSTOMERS]
        last = instant(self.end + AFTERMATH)
        app.move_clock(now=instant(self.start), speed=month, until=last)
        with step(f"customers call the service until {self.end + AFTERMATH:%Y-%m-%d %H:%M}"):
            calls = Crowd(app.url, shares).call_until(last)
        with step("pushing what is left"):
            status = app.push()
        demo_report.say_traffic(calls, status)
        pushed = status["pushed"]
        if status["pending"] or status["refused"]:
            raise DevError(f"not all counters were taken: {status}")
        if pushed["resent"] != pushed["resent_unchanged"]:
            raise DevError(f"a batch that was sent twice was not taken once: {status}")

    def bill(self) -> None:
        """Run the crons, and run them once more: the second time there is nothing to do."""
        names = ["ir_cron_rate_open_periods", "ir_cron_create_invoices"]
        with step("rating and invoicing, twice"):
            in_odoo.call(self.database, "crons.run", names=names * 2)

    def check(self, tax_percent: str) -> bool:
        """Print the table, and say every difference to the recount."""
        bills = self.recount(tax_percent)
        ledger = billed.read_ledger(self.database, self.start.date())
        invoices = billed.read_invoices(self.database)
        subscriptions = {customer: f"{customer}/{plan}" for customer, plan in self.plans.items()}
        demo_report.print_table(subscriptions, ledger, invoices)
        differences = demo_report.compare(subscriptions, bills, ledger, invoices)
        for difference in differences:
            say(f"DIFFERENT: {difference}")
        if not differences:
            say("Every quantity, line, tax and total is what the recount of the request log says.")
        return not differences

    def recount(self, tax_percent: str) -> dict:
        """What each customer owes by the request log alone."""
        return recount(self.log, self.plans, PRICES, tax_percent, self.start, self.end)

    def check_events(self, app: SampleApp, tax_percent: str) -> bool:
        """Show the webhooks that the app got, and say which ones the month does not imply."""
        implied = demo_events.expected(self.recount(tax_percent), self.plans)
        differences = demo_events.compare(self.database, app, implied)
        for difference in differences:
            say(f"DIFFERENT: {difference}")
        return not differences

    def serve(self, odoo: OdooServer, app: SampleApp) -> None:
        """Go on in real time, crons included, until Ctrl-C."""
        with contextlib.suppress(KeyboardInterrupt):
            app.move_clock()
            in_odoo.call(self.database, "crons.set_active", active=True)
            demo_report.say_where_to_look(odoo.url, app.url)
            status = odoo.process.wait()
            raise DevError(f"Odoo ended by itself with status {status}; see {odoo.log}")


def period_until(today: date) -> tuple[datetime, datetime]:
    """A billing period of a month that is just over: its first instant and the first one after.

    It starts a month ago, or on the last day of a month that is too short for that.
    """
    start = month_before(today)
    following = (start.replace(day=1) + timedelta(days=32)).replace(day=start.day)
    return midnight(start), midnight(following)


def month_before(day: date) -> date:
    last = day.replace(day=1) - timedelta(days=1)
    return last.replace(day=min(day.day, last.day))


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), timezone.utc)

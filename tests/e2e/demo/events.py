"""The demo's webhooks: where the sample app gets them, and which ones it must have got."""

import contextlib
import time
from collections import Counter
from decimal import Decimal

from devtools.console import DevError, say
from devtools.databases import query
from devtools.odoo import free_port
from e2e import in_odoo
from e2e.demo.prices import PRICES
from e2e.demo.recount import Bill
from e2e.peers.sample_app_process import SampleApp, Webhooks
from e2e.peers.webhook_receiver import HOST, Authority
from examples.webhook_receiver import EVENTS_PATH

WATCHED = "map_requests"  # the app is told who has used up what is included of these
OPEN = "SELECT count(*) FROM fusion_billing_webhook_delivery WHERE state <> 'delivered'"


@contextlib.contextmanager
def endpoint(database: str, service: str):
    """Point a service's events at the sample app: yields what it has to know for that."""
    port = free_port()
    with contextlib.closing(Authority()) as authority:
        in_odoo.call(database, "hooks.allow", ca_file=authority.ca_file)
        in_odoo.call(database, "hooks.watch", metric=WATCHED, percent=100)
        url = f"https://{HOST}:{port}{EVENTS_PATH}"
        secret = in_odoo.call(database, "hooks.point_one", code=service, url=url)
        yield Webhooks(secret, authority.certificate(HOST), port)


def expected(bills: dict[str, Bill], plans: dict[str, str]) -> Counter:
    """What the demo's month implies, worked out from the recount of the app's own log.

    Each customer signs up and is billed for a period; each invoice is made and posted; who used
    up the quota that is watched is told so.

    :param dict plans: plan by customer
    :return: how often each of `examples.webhook_receiver.in_short` is told
    """
    implied = Counter()
    for customer, bill in bills.items():
        quota = PRICES[plans[customer]]["charges"][WATCHED]["included_quota"]
        types = ["customer.linked", "subscription.created", "subscription.updated"]
        if bill.usage[WATCHED].used >= Decimal(quota):
            types.append("usage.threshold_reached")
        implied.update((name, customer, None) for name in types)
        for invoice in bill.invoices:
            implied[("invoice.created", customer, str(invoice.total))] += 1
            implied[("invoice.posted", customer, str(invoice.total))] += 1
    return implied


def compare(database: str, app: SampleApp, implied: Counter) -> list[str]:
    """Show the events that the app got, and say in a sentence each what it should not have."""
    wait_for_delivery(database)
    events = app.status()["events"]
    got = Counter(map(tuple, events["told"]))
    say("Events that NexaMaps got, each with a signature that was verified:")
    types = Counter(name for name, _customer, _total in got.elements())
    for name, count in sorted(types.items()):
        say(f"  {count:>4}  {name}")
    found = [
        f"{count_of(got[told])} of {' '.join(filter(None, told))}, implied {implied[told]}"
        for told in sorted(got.keys() | implied.keys(), key=str)
        if got[told] != implied[told]
    ]
    if not found:
        say("They are the events that the recount implies, customer by customer, to the cent.")
    return found + [f"{event_id} could not be verified" for event_id in events["refused"]]


def count_of(number: int) -> str:
    return "1 event" if number == 1 else f"{number} events"


def wait_for_delivery(database: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while query(database, OPEN)[0][0]:
        if time.monotonic() > deadline:
            raise DevError("the outbox did not get empty")
        time.sleep(0.2)

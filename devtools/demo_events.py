"""The demo's webhooks: where the sample app gets them, and which ones it must have got."""

import contextlib
import time
from collections import Counter

from devtools import in_odoo
from devtools.console import DevError, say
from devtools.databases import query
from devtools.odoo import free_port
from devtools.sample_app_process import SampleApp
from devtools.webhook_receiver import EVENTS_PATH, HOST, Authority

OPEN = "SELECT count(*) FROM fusion_billing_webhook_delivery WHERE state <> 'delivered'"


@contextlib.contextmanager
def endpoint(database: str, service: str):
    """Point a service's events at the sample app: yields the environment that tells it so."""
    port = free_port()
    with contextlib.closing(Authority()) as authority:
        in_odoo.call(database, "hooks.allow", ca_file=authority.ca_file)
        url = f"https://{HOST}:{port}{EVENTS_PATH}"
        secret = in_odoo.call(database, "hooks.point_one", code=service, url=url)
        yield {
            "NEXAMAPS_WEBHOOK_SECRET": secret,
            "NEXAMAPS_WEBHOOK_CERTIFICATE": authority.certificate(HOST),
            "NEXAMAPS_WEBHOOK_PORT": str(port),
        }


def expected(customers: int, invoices: dict) -> Counter:
    """What the demo's month implies: sign-ups, one billed period each, and the invoices.

    :param dict invoices: see `devtools.billed`
    """
    posted = sum(map(len, invoices.values()))
    return Counter({
        "customer.linked": customers,
        "subscription.created": customers,
        "subscription.updated": customers,
        "invoice.created": posted,
        "invoice.posted": posted,
    })


def compare(database: str, app: SampleApp, expected_types: Counter) -> list[str]:
    """Show the events that the app got, and say in a sentence each what it should not have."""
    wait_for_delivery(database)
    got = app.status()["events"]
    say("Events that NexaMaps got, each with a signature that standardwebhooks verified:")
    for name, count in got["types"].items():
        say(f"  {count:>4}  {name}")
    found = [
        f"{count_of(got['types'].get(name, 0))} of {name}, implied {expected_types[name]}"
        for name in sorted(got["types"].keys() | expected_types.keys())
        if got["types"].get(name, 0) != expected_types[name]
    ]
    return found + [f"{event_id} could not be verified" for event_id in got["refused"]]


def count_of(number: int) -> str:
    return "1 event" if number == 1 else f"{number} events"


def wait_for_delivery(database: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while query(database, OPEN)[0][0]:
        if time.monotonic() > deadline:
            raise DevError("the outbox did not get empty")
        time.sleep(0.2)

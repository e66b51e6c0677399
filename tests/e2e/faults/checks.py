"""What must be true of a world at rest, whatever went wrong before."""

from collections import Counter

import requests

from devtools.databases import query
from e2e import audit
from e2e.peers.fusion_client import BASE


def problems(world) -> list[str]:
    """Sentences, none if nothing was lost, doubled or refused."""
    return [
        *lost_counters(world),
        *billed_not_once(world),
        *untold_events(world),
        *failures(world),
        *(f"an app was answered {answer}" for answer in world.record.wrong),
        *audit.audit(world.database).differences,
        *not_ready(world),
    ]


def lost_counters(world):
    """Each acknowledged counter is stored once, as it was acknowledged last (U2 to U4, U6)."""
    rows = query(world.database, COUNTERS)
    stored = {(name, key): quantity for name, key, quantity in rows}
    if len(stored) != len(rows):
        yield f"{len(rows) - len(stored)} counters are stored twice"
    for place in sorted(stored.keys() | world.record.stored.keys()):
        have, want = stored.get(place), world.record.stored.get(place)
        if have != want and (have is None or want is None or float(have) != float(want)):
            yield f"counter {place}: acknowledged as {want}, stored as {have}"


def billed_not_once(world):
    """Each fee of each period that is over stands on one posted invoice (R8, lesson 16)."""
    for name, since, documents in query(world.database, FEES):
        if documents != 1:
            yield f"{name}: the fee of {since} is on {documents} documents"
    yield from doubled_numbers(world)


def doubled_numbers(world):
    """Each number of a document stands once."""
    for number, count in Counter(number for [number] in query(world.database, NUMBERS)).items():
        if count > 1:
            yield f"{count} documents have the number {number}"


def untold_events(world):
    """Each event of the outbox has arrived, and nothing else has (W3)."""
    arrived = set(world.receiver.arrived())
    held = {event for [event] in query(world.database, EVENTS)}
    if not held:
        yield "there are no events"
    for event in held - arrived:
        yield f"event {event} has not arrived"
    for event in arrived - held:
        yield f"event {event} has arrived, and the outbox does not know it"


def failures(world):
    """What went wrong has left no trace on subscriptions (R7)."""
    for name, step, sentence in query(world.database, FAILED):
        yield f"{name} still says that {step} failed: {sentence}"


def not_ready(world):
    headers = {"Authorization": f"Bearer {world.operations_key}"}
    answer = requests.get(f"{world.service.url}{BASE}/ready", headers=headers, timeout=30)
    if answer.status_code != 200:
        yield f"/ready answers {answer.status_code}: {answer.text}"


COUNTERS = """
SELECT subscription.fusion_external_id, usage.idempotency_key, usage.quantity::text
  FROM fusion_billing_usage AS usage
  JOIN sale_order AS subscription ON subscription.id = usage.subscription_id
 WHERE usage.source = 'bench'
"""

FEES = """
SELECT subscription.fusion_external_id, rating.date_from,
       count(DISTINCT move.id) FILTER (WHERE move.state = 'posted')
  FROM fusion_billing_rating AS rating
  JOIN sale_order AS subscription ON subscription.id = rating.subscription_id
  LEFT JOIN account_move_line AS line ON line.fusion_rating_id = rating.id
  LEFT JOIN account_move AS move ON move.id = line.move_id
 WHERE rating.item_id IS NOT NULL AND rating.cycle_end <= subscription.fusion_last_invoice_date
 GROUP BY subscription.fusion_external_id, rating.date_from, rating.id
"""

NUMBERS = "SELECT name FROM account_move WHERE state = 'posted'"
EVENTS = "SELECT event_id FROM fusion_billing_webhook_delivery"
FAILED = """
SELECT name, fusion_error_step, fusion_error FROM sale_order WHERE fusion_error IS NOT NULL
"""

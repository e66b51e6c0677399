"""What the billing is doing at this moment, as the database sees it."""

import contextlib
import time
from typing import NamedTuple

from devtools.databases import connect

#: The statement that a backend runs, or ran last in its transaction, by stage.
STAGES = {
    "ingest": r"^\s*WITH (written|event) AS",
    "rating": r"fusion_billing_(rating|charge_version|item)\W",
    "invoicing": r"INSERT INTO .account_move(_line)?.\s",
    "posting": r"(FROM|UPDATE) .?account_move(_line)?.?\s|sale_order(_line)?. AS stored",
    "delivery": r"fusion_billing_webhook_(delivery|attempt)",
}
LOOK = 0.002  # seconds


class Backend(NamedTuple):
    """A process of PostgreSQL, and the one of Odoo that it works for."""

    pid: int
    odoo: int


def catch(database: str, stage: str, seconds: float) -> Backend | None:
    """Wait until somebody is at this stage, if somebody comes to it in so many seconds.

    :raise psycopg2.Error: the database is away
    """
    deadline = time.monotonic() + seconds
    with contextlib.closing(connect(database)) as connection, connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute(AT_WORK, (STAGES[stage],))
            if found := cursor.fetchone():
                return Backend(*found)
            time.sleep(LOOK)
    return None


AT_WORK = """
SELECT pid, substr(application_name, 6)::int FROM pg_stat_activity
 WHERE datname = current_database() AND application_name ~ '^odoo-[0-9]+$'
   AND state != 'idle' AND query ~ %s
 LIMIT 1
"""

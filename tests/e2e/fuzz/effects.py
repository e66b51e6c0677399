"""Holds what the answers said against what is in the database."""

import contextlib
from collections import Counter

from psycopg2 import sql

from devtools.databases import connect

#: How many records there are of what answers tell of.
COUNTS = """
SELECT (SELECT count(*) FROM fusion_billing_usage)
           + (SELECT count(*) FROM fusion_billing_usage_correction WHERE deleted) AS counters,
       (SELECT count(*) FROM fusion_billing_usage_correction WHERE deleted) AS deletions,
       (SELECT count(*) FROM fusion_billing_usage_correction
         WHERE deleted IS NOT TRUE) AS corrections,
       (SELECT count(*) FROM fusion_billing_account_link) AS customers,
       (SELECT count(*) FROM sale_order) AS subscriptions,
       (SELECT count(*) FROM fusion_billing_webhook_delivery
         WHERE event_type = 'endpoint.test') AS tests
"""
TABLES = """
SELECT relname FROM pg_class
 WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
   AND (relname LIKE 'fusion_billing_%' OR relname IN (
        'sale_order', 'sale_order_line', 'res_partner', 'account_move', 'mail_message',
        'mail_activity', 'product_product', 'ir_config_parameter'))
   -- What is noted of requests, whatever becomes of them.
   AND relname NOT IN (
        'fusion_billing_api_key', 'fusion_billing_quota', 'fusion_billing_rejection',
        'fusion_billing_traffic', 'fusion_billing_kept_answer')
 ORDER BY relname
"""


def claimed(facts: dict | None) -> Counter:
    """What an answer says was made."""
    facts = facts or {}
    if "inserted" in facts:
        return Counter(counters=facts["inserted"], corrections=facts["updated"])
    if "deleted" in facts:
        return Counter(deletions=facts["deleted"])
    if facts.get("created") is not True:
        return Counter()
    names = {"partner_id": "customers", "subscription_state": "subscriptions", "event_id": "tests"}
    return Counter(name for key, name in names.items() if key in facts)


class Watch:
    """Looks at a database while it is fuzzed."""

    def __init__(self, database: str):
        self._connection = contextlib.closing(connect(database))

    def __enter__(self):
        self._cursor = self._connection.__enter__().cursor()
        self._cursor.execute(TABLES)
        digest = sql.SQL("SELECT {}, sum(hashtextextended(t::text, 0)), count(*) FROM {} AS t")
        self._digest = sql.SQL(" UNION ALL ").join(
            digest.format(sql.Literal(table), sql.Identifier(table))
            for [table] in self._cursor.fetchall()
        )
        return self

    def __exit__(self, *exc):
        return self._connection.__exit__(*exc)

    def counts(self) -> Counter:
        self._cursor.execute(COUNTS)
        names = [column.name for column in self._cursor.description]
        return Counter(dict(zip(names, self._cursor.fetchone(), strict=True)))

    def digest(self) -> dict:
        """What every table of ours holds, as something that can be compared."""
        self._cursor.execute(self._digest)
        return {table: content for table, *content in self._cursor.fetchall()}

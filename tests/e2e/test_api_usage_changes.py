"""What happens to the export, and to deletions, while others store counters (U3, U6)."""

import contextlib
import json
import threading
import time

from devtools.databases import connect, query
from e2e.api_case import PARTIES, ApiServerCase

BEHIND = 2.2  # seconds

setUpModule = ApiServerCase.start


class ChangesCase(ApiServerCase):
    def setUp(self):
        super().setUp()
        query(self.database, "DELETE FROM fusion_billing_usage_correction")

    def export(self, cursor=None, limit=10_000):
        parameters = {"limit": limit, **({"cursor": cursor} if cursor else {})}
        response = self.send("GET", "/usage/export", params=parameters)
        self.assertEqual(response.status_code, 200, response.text)
        return [json.loads(line) for line in response.text.splitlines()]

    def delete(self, event):
        names = ("subscription_external_id", "metric_code", "idempotency_key")
        return self.send("DELETE", "/usage", json={name: event[name] for name in names})

    def keys(self, lines):
        return [line["idempotency_key"] for line in lines]

    def key_of(self, number):
        return f"{self.names[0]}/{number}"


class TestExport(ChangesCase):
    @contextlib.contextmanager
    def storing(self, number):
        """Somebody has begun to store a counter, and commits at the end."""
        event = self.event(number)
        with contextlib.closing(connect(self.database)) as connection:
            connection.autocommit = False
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")  # its time begins here
                yield
                cursor.execute(STORE, (event["idempotency_key"], self.names[0]))
            connection.commit()

    def test_what_commits_late_is_not_missed(self):
        self.assertEqual(self.push([self.event(1)]).status_code, 200)
        with self.storing(2):
            self.push([self.event(3)])
            time.sleep(BEHIND)
            first = self.export()
            self.assertEqual(self.keys(first), [self.key_of(1)])
        self.assertEqual(self.export(first[-1]["cursor"]), self.export()[1:])
        self.assertEqual(self.keys(self.export()), [self.key_of(number) for number in (1, 2, 3)])

    def test_an_export_ends_a_moment_ago(self):
        """Who has just begun may not be seen yet."""
        self.push([self.event(1)])
        self.assertEqual(self.export(), [])
        time.sleep(BEHIND)
        self.assertEqual(self.keys(self.export()), [self.key_of(1)])

    def test_who_follows_while_others_push_and_delete_has_all_of_it_in_the_end(self):
        copy, done = {}, threading.Event()

        def write():
            for number in range(20):
                self.push([self.event(position, str(number)) for position in range(number * 5)])
                self.delete(self.event(number))
            done.set()

        def follow():
            cursor, until = None, None
            while until is None or time.monotonic() < until:
                page = self.export(cursor, limit=7)
                if done.is_set() and until is None:
                    until = time.monotonic() + BEHIND
                if page and until:
                    until = time.monotonic() + BEHIND
                for line in page:
                    copy[line["usage_id"]] = line
                    cursor = line["cursor"]

        self.at_once(write, follow)
        stored = {key: float(quantity) for key, quantity in self.stored().items()}
        left = [line for line in copy.values() if not line["deleted"]]
        self.assertEqual({one["idempotency_key"]: float(one["quantity"]) for one in left}, stored)
        self.assertEqual(len(left), len(stored))
        self.assertGreater(len(stored), 80)
        self.assertQuietLog()


class TestDeletingAtOnce(ChangesCase):
    def test_a_counter_that_is_deleted_twice_at_once_is_logged_once(self):
        """U6."""
        for number in range(3):
            event = self.event(number)
            self.push([event])
            responses = self.at_once(*[lambda e=event: self.delete(e)] * PARTIES)
            self.assertAnswers(responses, {200})
            self.assertEqual(sorted(one.json()["deleted"] for one in responses), [0, 1])
        self.assertEqual(self.stored(), {})
        self.assertEqual(self.count("fusion_billing_usage_correction"), 3)
        self.assertQuietLog()

    def test_a_counter_that_is_corrected_and_deleted_at_once_is_one_or_the_other(self):
        """U3, U6."""
        for number in range(3):
            before, after = self.event(number), self.event(number, "2")
            self.push([before])
            pushed, deleted = self.at_once(
                lambda e=after: self.push([e]), lambda e=before: self.delete(e)
            )
            self.assertAnswers([pushed, deleted], {200})
            self.assertEqual(deleted.json()["deleted"], 1)
            stored = self.stored().get(before["idempotency_key"])
            was_new = pushed.json()["inserted"]
            self.assertEqual(stored and float(stored), 2.0 if was_new else None)
            self.delete(after)
        self.assertQuietLog()


STORE = """
INSERT INTO fusion_billing_usage (
    subscription_id, metric_id, period_start, period_end, quantity, source, idempotency_key,
    create_date, write_date)
SELECT o.id, m.id, o.fusion_start_date, o.fusion_start_date + interval '1 hour', 7, 'e2e', %s,
       now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
  FROM sale_order o, fusion_billing_metric m
 WHERE o.fusion_external_id = %s
"""

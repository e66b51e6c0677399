"""Quotas and wrong keys, counted by several workers at once."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from core.api.failures import MOST
from devtools.databases import query
from e2e import in_odoo
from e2e.api_case import PARTIES, ApiServerCase

QUOTA = 30
LONG_ENOUGH = 20  # seconds of a minute, for a test

setUpModule = ApiServerCase.start


class TestQuotas(ApiServerCase):
    def setUp(self):
        super().setUp()
        query(self.database, "DELETE FROM fusion_billing_quota")
        self.addCleanup(self.limit, request_quota=0, event_quota=0)
        left = 60 - time.time() % 60
        if left < LONG_ENOUGH:
            time.sleep(left)

    def limit(self, **quotas):
        in_odoo.call(self.database, "metered.limit", **quotas)

    def many(self, count, send):
        with ThreadPoolExecutor(2 * PARTIES) as pool:
            return list(pool.map(send, range(count)))

    def test_two_workers_count_the_same_requests(self):
        self.limit(request_quota=QUOTA)
        responses = self.many(2 * QUOTA, lambda _n: self.send("GET", "/catalog"))
        self.assertAnswers(responses, (200, 429))
        passed = Counter(response.status_code for response in responses)[200]
        # Those that are answered at the same moment do not see each other.
        self.assertIn(passed, range(QUOTA, QUOTA + PARTIES))
        [response] = self.many(1, lambda _n: self.push([self.event(1)]))
        self.assertEqual((response.status_code, response.json()["code"]), (429, "rate_limited"))
        self.assertIn(int(response.headers["Retry-After"]), range(1, 61))
        self.assertIn(f'"requests";q={QUOTA};w=60', response.headers["RateLimit-Policy"])
        self.assertIn('"requests";r=0;t=', response.headers["RateLimit"])
        self.assertEqual(self.stored(), {})
        self.assertQuietLog()

    def test_nobody_counts_in_the_row_of_somebody_else(self):
        self.limit(request_quota=1000)
        self.many(100, lambda _n: self.send("GET", "/catalog"))
        rows = query(self.database, "SELECT connection, used FROM fusion_billing_quota")
        self.assertGreaterEqual(len(rows), PARTIES)
        self.assertEqual(sum(used for _connection, used in rows), 100)

    def test_a_batch_is_taken_whole_or_not_at_all(self):
        """U2."""
        self.limit(event_quota=100)
        for numbers, status, left in ((range(60), 200, 40), (range(60, 120), 429, 40)):
            response = self.push([self.event(number) for number in numbers])
            self.assertEqual(response.status_code, status, response.text)
            self.assertIn(f'"events";r={left};t=', response.headers["RateLimit"])
        self.assertEqual(self.push([self.event(n) for n in range(60, 100)]).status_code, 200)
        self.assertEqual(len(self.stored()), 100)

    def test_both_quotas_stand_in_one_header(self):
        self.limit(request_quota=50, event_quota=2)
        for numbers, status, left in ((range(2), 200, 0), (range(2, 4), 429, 0)):
            response = self.push([self.event(number) for number in numbers])
            self.assertEqual(response.status_code, status, response.text)
            self.assertEqual(
                response.raw.headers.getlist("RateLimit-Policy"),
                ['"requests";q=50;w=60, "events";q=2;w=60'],
            )
            self.assertIn(f'"events";r={left};t=', response.headers["RateLimit"])

    def test_a_batch_that_no_minute_has_room_for_is_too_large(self):
        self.limit(event_quota=100)
        response = self.push([self.event(number) for number in range(101)])
        self.assertEqual(
            (response.status_code, response.json()["code"]), (413, "payload_too_large")
        )

    def test_the_next_minute_begins_anew(self):
        self.limit(request_quota=1)
        self.assertEqual(self.send("GET", "/catalog").status_code, 200)
        self.assertEqual(self.send("GET", "/catalog").status_code, 429)
        query(
            self.database, "UPDATE fusion_billing_quota SET minute = minute - interval '1 minute'"
        )
        self.assertEqual(self.send("GET", "/catalog").status_code, 200)

    def test_who_has_no_quota_is_not_counted(self):
        response = self.push([self.event(1)])
        self.assertNotIn("RateLimit", response.headers)
        self.assertEqual(self.count("fusion_billing_quota"), 0)


class TestWrongKeys(ApiServerCase):
    def try_key(self, _number=0):
        return self.send("GET", "/catalog", key="fbk_" + "x" * 43)

    def test_an_address_that_guesses_is_not_looked_at_any_more(self):
        """A2."""
        for _worker in range(10 * PARTIES):
            self.assertEqual(self.send("GET", "/catalog").status_code, 200)
        with ThreadPoolExecutor(2 * PARTIES) as pool:
            responses = list(pool.map(self.try_key, range(3 * PARTIES * MOST)))
        statuses = Counter(response.status_code for response in responses)
        self.assertEqual(statuses.keys(), {401, 429})
        self.assertEqual(statuses[401], PARTIES * MOST)
        self.assertEqual(responses[-1].json()["code"], "rate_limited")
        self.assertIn(int(responses[-1].headers["Retry-After"]), range(1, 61))
        # The app behind the same address is not locked out.
        for number in range(10 * PARTIES):
            self.assertEqual(self.push([self.event(number)]).status_code, 200)
        self.assertQuietLog()

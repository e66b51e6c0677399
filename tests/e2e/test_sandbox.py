"""The clock of a sandbox, advanced by real processes that are killed and that meet."""

import os
import signal
import threading
import time
from collections import Counter
from datetime import datetime, timedelta

import requests

from devtools.databases import query
from e2e import in_odoo
from e2e.api_case import METRIC, ApiServerCase

setUpModule = ApiServerCase.start

CLOCK = "SELECT fusion_clock FROM res_company WHERE fusion_clock IS NOT NULL"
DOCUMENTS = """
SELECT partner.name, move.invoice_date, move.state, move.amount_untaxed
  FROM account_move AS move
  JOIN res_company AS company ON company.id = move.company_id
  JOIN res_partner AS partner ON partner.id = move.partner_id
 WHERE company.fusion_clock IS NOT NULL
 ORDER BY move.invoice_date, partner.name
"""
BUSINESS = """
WITH company AS (SELECT id FROM res_company WHERE fusion_clock IS NULL)
SELECT (SELECT count(*) FROM account_move WHERE company_id IN (SELECT id FROM company)),
       (SELECT array_agg(fusion_next_invoice_date ORDER BY id)
          FROM sale_order WHERE company_id IN (SELECT id FROM company))
"""
CUSTOMERS = ("ann", "bob")
DAYS = 130  # four months and some days
BILLED = 4


class TestSandbox(ApiServerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sandbox = in_odoo.call(cls.database, "metered.make_sandbox")["key"]

    def setUp(self):
        super().setUp()
        self.assertEqual(self._send("POST", "/sandbox/reset", json={}).status_code, 200)
        self.began = self._clock()
        self.until = self.began + timedelta(days=DAYS)
        for name in CUSTOMERS:
            self._sign_up(name)
        self.business = query(self.database, BUSINESS)

    def _send(self, *args, **kwargs):
        return self.send(*args, key=self.sandbox, **kwargs)

    def _sign_up(self, name):
        customer, day = {"external_id": name, "name": name}, f"{self.began:%Y-%m-%d}"
        sold = {
            "external_customer_id": name,
            "plan_code": "metered",
            "external_id": name,
            "lines": [{"product_code": "bench-metered", "quantity": 1}],
        }
        event = {
            "subscription_external_id": name,
            "metric_code": METRIC,
            "quantity": "1100",
            "period_start": f"{day}T00:00:00Z",
            "period_end": f"{day}T01:00:00Z",
        }
        for path, body in (
            ("/customers", customer),
            ("/subscriptions", sold),
            ("/usage", {"events": [event]}),
        ):
            response = self._send("POST", path, json=body)
            self.assertIn(response.status_code, (200, 201), response.text)

    def _clock(self):
        [[clock]] = query(self.database, CLOCK)
        return clock

    def _advance(self):
        return self._send("POST", "/sandbox/clock", json={"now": f"{self.until.isoformat()}Z"})

    def _until_there(self):
        """Ask for the same until it is reached, as an app does."""
        for _attempt in range(100):
            response = None
            try:
                response = self._advance()
            except requests.RequestException:
                time.sleep(0.5)
            if response is not None and response.status_code == 200 and response.json()["reached"]:
                return
        self.fail(f"The clock stands at {self._clock()}.")

    def assertBilledOnce(self):
        """Each customer has the document of each month, with what it comes to."""
        documents = query(self.database, DOCUMENTS)
        self.assertEqual(len(documents), BILLED * len(CUSTOMERS), documents)
        self.assertEqual({state for _name, _day, state, _amount in documents}, {"posted"})
        counts = Counter((name, day) for name, day, _state, _amount in documents)
        self.assertEqual(set(counts.values()), {1})
        by_name = {}
        for name, _day, _state, amount in documents:
            by_name.setdefault(name, []).append(float(amount))
        self.assertEqual(by_name["ann"], [22.5, 10, 10, 10])
        self.assertEqual(by_name["ann"], by_name["bob"])

    def test_who_is_killed_on_the_way_goes_on_from_there(self):
        request = threading.Thread(target=self._until_there)
        request.start()
        struck = 0
        for part in (0.2, 0.5, 0.8):
            self._wait_for(self.began + timedelta(days=DAYS * part))
            for pid in self.server.worker_pids:
                os.kill(pid, signal.SIGKILL)
            struck += self.began < self._clock() < self.until
        request.join(300)
        self.assertEqual(struck, 3)
        self.assertEqual(self._clock(), self.until)
        self.assertBilledOnce()
        self.assertEqual(query(self.database, BUSINESS), self.business)

    def _wait_for(self, moment: datetime):
        deadline = time.monotonic() + 120
        while self._clock() < moment:
            self.assertLess(time.monotonic(), deadline, f"The clock stands at {self._clock()}.")
            time.sleep(0.05)

    def test_who_meets_one_who_advances_it_does_not_wait_and_business_does_not_either(self):
        """A sandbox is there for tests: it does not keep the workers from what is business."""
        request = threading.Thread(target=self._advance)
        request.start()
        self._wait_for(self.began + timedelta(days=1))
        for send in (
            self._advance,
            lambda: self._send("POST", "/sandbox/reset", json={}),
            lambda: self.send("GET", "/catalog"),
        ):
            since = time.monotonic()
            response = send()
            self.assertLess(self._clock(), self.until, "the first one is under way")
            self.assertLess(time.monotonic() - since, 2)
            self.assertEqual(response.status_code, 200 if "catalog" in response.url else 503)
            self.assertEqual("Retry-After" in response.headers, response.status_code == 503)
        request.join(300)
        self.assertEqual(self._clock(), self.until)
        self.assertBilledOnce()

    def test_two_who_advance_it_at_once_bill_each_month_once(self):
        answers = self.at_once(self._advance, self._advance)
        self.assertLessEqual({answer.status_code for answer in answers}, {200, 503})
        self.assertIn(200, {answer.status_code for answer in answers})
        self._until_there()
        self.assertBilledOnce()
        self.assertEqual(query(self.database, BUSINESS), self.business)
        self.assertQuietLog()

"""A database with subscriptions that have two months to bill, cloned for each test."""

import unittest
from collections import Counter
from datetime import datetime, timedelta, timezone
from decimal import Decimal

from devtools.databases import copy_database, drop_database, query, temporary_database
from e2e import in_odoo
from e2e.demo import billed
from e2e.demo.month import month_before
from e2e.demo.recount import Invoice

#: One counter of 500.25 calls a month: (500.25 − 100) × 0.0125 = 5.003125. With the fee of 10.00
#: and 15 % tax, which is 2.25 on 15.00.
QUANTITY = "500.25"
USAGE, FEE = Decimal("5.00"), Decimal("10.00")
MONTHLY = Invoice((USAGE, FEE), USAGE + FEE, Decimal("2.25"), Decimal("17.25"))

# What is settled of a period that is billed is all of it, and of the others nothing.
STATE = """
SELECT subscription.fusion_external_id, subscription.fusion_last_invoice_date,
       count(DISTINCT move.id), count(DISTINCT move.id) FILTER (WHERE move.state = 'posted'),
       count(DISTINCT rating.id) FILTER (WHERE rating.settled != CASE
           WHEN rating.cycle_end <= subscription.fusion_last_invoice_date THEN rating.amount
           ELSE 0 END)
  FROM sale_order AS subscription
  LEFT JOIN fusion_billing_rating AS rating ON rating.subscription_id = subscription.id
  LEFT JOIN account_move_line AS line ON line.fusion_rating_id = rating.id
  LEFT JOIN account_move AS move ON move.id = line.move_id
 GROUP BY subscription.id
"""


class BillingCase(unittest.TestCase):
    """Many equal subscriptions; `self.database` is the test's own."""

    SUBSCRIPTIONS = 24

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        this = datetime.now(timezone.utc).date().replace(day=1)
        cls.firsts = [month_before(month_before(this)), month_before(this), this]
        template = cls.enterClassContext(temporary_database("billing"))
        made = in_odoo.call(
            template, "metered.prepare", subscriptions=cls.SUBSCRIPTIONS, began=f"{cls.firsts[0]}"
        )
        cls.key, cls.names, cls.template = made["key"], made["names"], template

    def setUp(self):
        self.database = f"{self.template}_{self.id().rpartition('.')[2][-12:]}".lower()
        copy_database(self.template, self.database)
        self.addCleanup(drop_database, self.database)

    def use_every_month(self):
        """Give every subscription one counter in each of the two months that are over."""
        days = [f"{first + timedelta(days=3)}" for first in self.firsts[:2]]
        in_odoo.call(self.database, "metered.use", quantity=QUANTITY, days=days)

    def run_crons(self, *names):
        in_odoo.call(self.database, "crons.run", names=names)

    def assert_billed_once(self):
        """Every subscription has exactly one right invoice for each month (R6, R8, lesson 16)."""
        invoices = billed.read_invoices(self.database)
        self.assertEqual(invoices.keys(), set(self.names))
        for name, posted in invoices.items():
            self.assertEqual([one.invoice for one in posted], [MONTHLY, MONTHLY], name)
        numbers = Counter(one.number for posted in invoices.values() for one in posted)
        self.assertEqual(set(numbers.values()), {1}, "an invoice number stands once")
        self.assert_nothing_half_billed()

    def assert_nothing_half_billed(self):
        """Dates, invoices and ledger of each subscription agree on how much is billed.

        :return: how many invoices there are
        """
        total = 0
        for name, last, invoices, posted, torn in query(self.database, STATE):
            done = [None, *self.firsts[1:]].index(last)
            self.assertEqual((invoices, posted), (done, done), f"{name} is billed until {last}")
            self.assertEqual(torn, 0, f"{name}: rows that are not settled as the dates say")
            total += posted
        [[drafts]] = query(self.database, "SELECT count(*) FROM account_move WHERE state = 'draft'")
        self.assertEqual(drafts, 0)
        return total

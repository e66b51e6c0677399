"""The demo's recount, held against bills worked out by hand, and the comparison that it feeds."""

import json
import tempfile
import unittest
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path

from e2e.demo import report as demo_report
from e2e.demo.billed import Posted
from e2e.demo.month import period_until
from e2e.demo.recount import Bill, Invoice, Usage, recount

START, END = (datetime(2026, month, 5, tzinfo=timezone.utc) for month in (1, 2))
PLAN = {
    "fee": "9.90",
    "fee_timing": "advance",
    "charges": {
        "map_requests": {
            "charge_model": "package",
            "included_quota": "2",
            "price_per_unit": "1.45",
            "unit_batch": "2",
        },
        "data_mb": {
            "charge_model": "standard",
            "included_quota": "0.5",
            "price_per_unit": "0.067",
            "unit_batch": "1",
        },
        "active_users": {
            "charge_model": "standard",
            "included_quota": "1",
            "price_per_unit": "3.335",
            "unit_batch": "1",
        },
    },
}


def entry(at="2026-01-10T08:00:00Z", customer="acme", user=None, status=200, size=250_001):
    return {
        "at": at,
        "customer": customer,
        "user": user,
        "path": "/v1/tiles/1/2/3",
        "status": status,
        "bytes": size,
    }


class TestRecount(unittest.TestCase):
    def bill(self, *entries, **changes):
        """The bill of acme for a log with these entries."""
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder, "requests.jsonl")
            log.write_text("".join(json.dumps(one) + "\n" for one in entries))
            prices = {"starter": {**PLAN, **changes}}
            return recount(log, {"acme": "starter"}, prices, "15.0", START, END)["acme"]

    def test_a_bill_is_what_it_is_by_hand(self):
        bill = self.bill(*[entry(user=user) for user in ("u1", "u2", "u1", None, "u3")])
        self.assertEqual(
            bill.usage,
            {
                # 3 requests more than included: two packages.
                "map_requests": Usage(Decimal(5), Decimal(2), Decimal(3), Decimal("2.90")),
                # 0.750005 × 0.067 = 0.050250335
                "data_mb": Usage(
                    Decimal("1.250005"), Decimal("0.5"), Decimal("0.750005"), Decimal("0.05")
                ),
                # 2 × 3.335 = 6.67
                "active_users": Usage(Decimal(3), Decimal(1), Decimal(2), Decimal("6.67")),
            },
        )
        closing = tuple(map(Decimal, ("0.05", "2.90", "6.67", "9.90")))
        self.assertEqual(
            bill.invoices,
            [
                Invoice(closing, Decimal("19.52"), Decimal("2.93"), Decimal("22.45")),
                # 15 % of 9.90 is 1.485, and half a cent is rounded away from zero.
                Invoice((Decimal("9.90"),), Decimal("9.90"), Decimal("1.49"), Decimal("11.39")),
            ],
        )

    def test_the_period_is_half_open(self):
        bill = self.bill(
            entry("2026-01-04T23:59:59.999999Z"),
            entry("2026-01-05T00:00:00Z"),
            entry("2026-02-04T23:59:59.999999Z"),
            entry("2026-02-05T00:00:00Z"),
        )
        self.assertEqual(bill.usage["map_requests"].used, 2)

    def test_nobody_pays_for_what_was_not_served(self):
        bill = self.bill(
            entry(status=404), entry(status=401, customer=None), entry(customer="other"), entry()
        )
        self.assertEqual(bill.usage["map_requests"].used, 1)

    def test_no_usage_is_no_line_and_fees_in_arrears_are_billed_once(self):
        bill = self.bill(fee_timing="arrears")
        self.assertEqual([invoice.lines for invoice in bill.invoices], [(Decimal("9.90"),)])


class TestCompare(unittest.TestCase):
    usage = Usage(*map(Decimal, ("5", "2", "3", "2.90")))
    invoice = Invoice((Decimal("2.90"),), Decimal("2.90"), Decimal("0.44"), Decimal("3.34"))

    def compare(self, usage=None, invoices=None, **strangers):
        return demo_report.compare(
            {"acme": "acme/starter"},
            {"acme": Bill({"map_requests": self.usage}, [self.invoice])},
            {"acme/starter": {"map_requests": usage or self.usage}},
            {
                "acme/starter": [
                    Posted(f"INV/{number}", invoice)
                    for number, invoice in enumerate(
                        [self.invoice] if invoices is None else invoices
                    )
                ],
                **strangers,
            },
        )

    def test_equal_is_no_difference(self):
        self.assertEqual(self.compare(), [])

    def test_the_smallest_difference_of_a_quantity_is_one(self):
        used = self.usage._replace(used=Decimal("5.000001"))
        self.assertEqual(self.compare(used), ["acme, map_requests: used 5.000001, recounted 5"])

    def test_a_cent_of_tax_is_two_invoices_that_do_not_fit(self):
        wrong = self.invoice._replace(tax=Decimal("0.43"))
        self.assertEqual(len(self.compare(invoices=[wrong])), 2)

    def test_an_invoice_that_stands_twice_or_not_at_all_is_a_difference(self):
        self.assertIn("an invoice too many of 2.90", *self.compare(invoices=[self.invoice] * 2))
        self.assertIn("no invoice of 2.90", *self.compare(invoices=[]))

    def test_an_invoice_of_somebody_else_is_a_difference(self):
        found = self.compare(stranger=[Posted("INV/9", self.invoice)])
        self.assertEqual(found, ["stranger was billed and is no customer"])


class TestPeriod(unittest.TestCase):
    def test_the_demo_bills_a_month_that_is_just_over_on_every_day_of_four_years(self):
        days = range(datetime(2024, 1, 1).toordinal(), datetime(2028, 1, 1).toordinal())
        for today in map(datetime.fromordinal, days):
            start, end = period_until(today.date())
            with self.subTest(today=today):
                self.assertLess(start.date(), end.date())
                self.assertLessEqual(end.date(), today.date())
                self.assertLess((today.date() - end.date()).days, 4)

"""Totals of somebody else, held against counters and ledger: each result, exactly."""

import base64
import io
from datetime import datetime
from decimal import Decimal
from unittest.mock import patch
from zipfile import ZipFile

from openpyxl import Workbook

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user

from ..webhook_case import WebhookEventsCase

JANUARY = {"period_start": datetime(2026, 1, 1), "period_end": datetime(2026, 2, 1)}


class ReconciliationCase(WebhookEventsCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._charge(price_per_unit="0.01")
        cls.subscription = cls._own("sub-42")
        cls.other = cls._own("sub-43")
        cls._use(cls.subscription, "1250.5", "2026-01-10")
        cls._use(cls.other, 800, "2026-01-11")

    @classmethod
    def _own(cls, external_id, service=None, **vals):
        service = service or cls.service
        return cls._subscribe(fusion_service_id=service.id, fusion_external_id=external_id, **vals)

    def _total(self, name, quantity, amount=None, currency="USD", metric="api_calls"):
        currency = (
            self.env["res.currency"]
            .with_context(active_test=False)
            .search([("name", "=", currency)])
        )
        return {
            "subscription_external_id": name if isinstance(name, str) else None,
            "subscription_id": name if isinstance(name, int) else None,
            "metric_code": metric,
            "quantity": Decimal(quantity),
            "amount": amount and Decimal(amount),
            "currency_id": currency.id if amount else None,
        }

    def _take(self, *totals, service=None, **terms):
        one, _is_new, repeated = self.env["fusion.billing.reconciliation"]._take(
            self.company,
            self.service if service is None else service,
            {**JANUARY, "reference": None, "partial": False, **terms},
            enumerate(totals),
        )
        self.repeated = repeated
        self.env.invalidate_all()
        return one

    def _results(self, one):
        return {(row.subscription_name, row.metric_code): row.result for row in one.row_ids}

    def _row(self, one, name):
        return one.row_ids.filtered(lambda row: row.subscription_name == name)

    def _figures(self, row):
        return {
            name: None if number is None else f"{number.normalize():f}"
            for name, number in row._read_figures()[row.id].items()
        }


class TestReconciliation(ReconciliationCase):
    def test_what_is_the_same_matches_and_what_is_not_differs_to_the_last_digit(self):
        one = self._take(self._total("sub-42", "1250.5"), self._total("sub-43", "800.000001"))
        self.assertEqual(
            self._results(one),
            {("sub-42", "api_calls"): "matched", ("sub-43", "api_calls"): "different"},
        )
        figures = self._figures(self._row(one, "sub-43"))
        self.assertEqual(figures["quantity_difference"], "-0.000001")
        self.assertEqual(
            self._row(one, "sub-43").summary,
            "They have 800.000001, we have 800: we count 0.000001 less.",
        )
        self.assertEqual((one.row_count, one.matched_count, one.open_count), (2, 1, 1))

    def test_what_one_side_lacks_is_missing_on_that_side(self):
        one = self._take(
            self._total("sub-42", "1250.5"),
            self._total("sub-99", 5),
            self._total("sub-42", 7, metric="nothing"),
        )
        self.assertEqual(
            self._results(one),
            {
                ("sub-42", "api_calls"): "matched",
                ("sub-99", "api_calls"): "missing_here",
                ("sub-42", "nothing"): "missing_here",
                ("sub-43", "api_calls"): "missing_there",
            },
        )
        self.assertEqual(self._figures(self._row(one, "sub-43"))["quantity_difference"], "800")

    def test_a_subscription_that_was_not_used_is_missing_here_unless_they_say_so_too(self):
        self._own("idle")
        self._own("idler")
        one = self._take(self._total("idle", 3), self._total("idler", 0), partial=True)
        self.assertEqual(list(self._results(one).values()), ["missing_here", "matched"])

    def test_a_part_of_a_list_tells_of_nothing_that_it_leaves_out(self):
        one = self._take(self._total("sub-42", "1250.5"), partial=True)
        self.assertEqual(list(self._results(one).values()), ["matched"])

    def test_only_counters_that_begin_in_the_period_count_R2(self):
        """R2"""
        self._use(self.subscription, 1, "2026-01-01 00:00:00")
        self._use(self.subscription, 2, "2026-01-31 23:59:59")
        self._use(self.subscription, 4, "2026-02-01 00:00:00")
        one = self._take(self._total("sub-42", "1253.5"), partial=True)
        self.assertEqual(one.row_ids.result, "matched")

    def test_each_metric_is_combined_as_it_is_billed(self):
        for kind, total in (("max", "9"), ("average", "6.5"), ("count", "2"), ("last", "4")):
            metric = self._metric(kind, aggregation=kind)
            self._use(self.subscription, 9, "2026-01-10", metric=metric)
            self._use(self.subscription, 4, "2026-01-12", metric=metric)
            with self.subTest(kind):
                one = self._take(
                    self._total("sub-42", total, metric=kind), partial=True, reference=kind
                )
                self.assertEqual(one.row_ids.result, "matched")

    def test_a_quotient_is_compared_in_the_digits_that_a_quantity_may_have(self):
        metric = self._metric("mean", aggregation="average")
        for day, quantity in ((10, 1), (11, 1), (12, 2)):
            self._use(self.subscription, quantity, f"2026-01-{day}", metric=metric)
        one = self._take(self._total("sub-42", "1.333333", metric="mean"), partial=True)
        self.assertEqual(one.row_ids.result, "matched")

    # === AMOUNTS === #

    def test_amounts_are_compared_with_the_ledger_and_new_usage_is_rated_first_L1(self):
        """L1"""
        one = self._take(
            self._total("sub-42", "1250.5", "12.51"), self._total("sub-43", 800, "8.004")
        )
        self.assertEqual(self._row(one, "sub-42").result, "matched")
        row = self._row(one, "sub-43")
        self.assertEqual((row.result, row.reason), ("different", False))
        figures = self._figures(row)
        self.assertEqual((figures["our_amount"], figures["amount_difference"]), ("8", "-0.004"))
        self.assertIn("They charge 8.004 USD, we charge 8: a difference of -0.004.", row.summary)

    def test_an_amount_in_another_currency_is_not_compared(self):
        one = self._take(self._total("sub-42", "1250.5", "12.51", "EUR"), partial=True)
        self.assertEqual((one.row_ids.result, one.row_ids.reason), ("different", "other_currency"))
        self.assertIsNone(self._figures(one.row_ids)["amount_difference"])

    def test_an_amount_of_a_part_of_a_billing_period_is_not_compared(self):
        one = self._take(
            self._total("sub-42", "1250.5", "12.51"), partial=True, period_end=datetime(2026, 1, 20)
        )
        self.assertEqual((one.row_ids.result, one.row_ids.reason), ("different", "other_periods"))

    # === AGAIN === #

    def test_the_same_totals_again_are_the_same_reconciliation_compared_again(self):
        totals = [self._total("sub-42", 1), self._total("sub-43", 800)]
        one = self._take(*totals)
        rows = one.row_ids
        rows.filtered("is_open").write({"explanation": "A trial", "user_id": self.env.uid})
        rows.filtered("is_open").action_close()
        again = self._take(*totals)
        self.assertEqual((again, again.row_ids), (one, rows))
        self.assertFalse(again.open_count)
        self.assertEqual(set(rows.filtered("closed_at").mapped("explanation")), {"A trial"})

    def test_a_difference_that_changes_is_to_be_explained_again(self):
        one = self._take(self._total("sub-42", 1), partial=True)
        one.row_ids.explanation = "A trial"
        one.row_ids.action_close()
        self._use(self.subscription, 1, "2026-01-20")
        one.action_compare()
        self.assertEqual((one.row_ids.is_open, one.row_ids.closed_at), (True, False))
        self.assertEqual(one.row_ids.explanation, "A trial")

    def test_other_totals_take_the_place_of_those_before(self):
        one = self._take(self._total("sub-42", 1), self._total("sub-99", 1))
        self._take(self._total("sub-42", "1250.5"), self._total("sub-43", 800))
        self.assertEqual(set(self._results(one).values()), {"matched"})
        self.assertEqual(len(one.row_ids), 2)
        self.assertNotEqual(self._take(self._total("sub-42", 1), reference="B"), one)

    def test_one_subscription_under_two_names_is_one_total(self):
        self._take(
            self._total("sub-42", 1),
            self._total(self.subscription.id, 2),
            self._total("x", 1),
            self._total("x", 1),
        )
        self.assertEqual(self.repeated, [1, 3])

    # === WALLS === #

    def test_a_service_is_compared_with_what_it_may_know_of(self):
        stranger = self._service("stranger")
        one = self._take(
            self._total(self.subscription.id, "1250.5"), service=stranger, reference="x"
        )
        self.assertEqual(list(self._results(one).values()), ["missing_here"])
        self._link("acme", service=stranger)
        one = self._take(
            self._total(self.subscription.id, "1250.5"), service=stranger, reference="x"
        )
        self.assertEqual(list(self._results(one).values()), ["matched"])
        stranger.sees_own_only = True
        one = self._take(
            self._total(self.subscription.id, "1250.5"), service=stranger, reference="x"
        )
        self.assertEqual(list(self._results(one).values()), ["missing_here"])

    def test_without_a_service_the_whole_company_is_compared_by_order_number(self):
        one = self._take(
            self._total(self.subscription.name, "1250.5"), service=self.service.browse()
        )
        self.assertEqual(self._row(one, self.subscription.name).result, "matched")
        self.assertEqual(self._row(one, self.other.name).result, "missing_there")

    def test_what_was_compared_is_written_by_nobody_else(self):
        one = self._take(self._total("sub-42", 1), partial=True)
        clerk = new_test_user(
            self.env, "recon_clerk", groups="base.group_user,fusion_billing.group_user"
        )
        row = one.row_ids.with_user(clerk)
        for vals in ({"our_quantity": 1}, {"is_open": False}, {"result": "matched"}):
            with self.subTest(vals), self.assertRaises(UserError):
                row.write(vals)
        with self.assertRaises(UserError):
            one.with_user(clerk).write({"period_end": "2027-01-01"})
        with self.assertRaises(AccessError):
            one.with_user(clerk).write({"open_row_ids": [(2, row.id)]})
        with self.assertRaises(UserError):
            row.action_close()
        row.write({"explanation": "A trial"})
        row.action_close()
        self.assertEqual((row.is_open, row.closed_by_id), (False, clerk))
        row.action_reopen()
        self.assertTrue(row.is_open)
        with self.assertRaises(AccessError):
            one.with_user(clerk).unlink()

    # === EVENTS === #

    def test_a_mismatch_is_told_once_until_it_is_another_one(self):
        self.service.webhook_url = "https://hooks.example.com/billing"
        self._begin()
        one = self._take(self._total("sub-42", 1), self._total("sub-43", 800))
        data = self.assertTold("reconciliation.mismatch")
        self.assertEqual(
            (data["reconciliation_id"], data["different"], data["matched"]), (one.id, 1, 1)
        )
        self._take(self._total("sub-42", 1), self._total("sub-43", 800))
        self.assertTold()
        self._take(self._total("sub-42", 2), self._total("sub-43", 800))
        self.assertTold("reconciliation.mismatch")
        self._take(self._total("sub-42", "1250.5"), self._total("sub-43", 800))
        self.assertTold()


class TestReconciliationFile(ReconciliationCase):
    def _upload(self, content):
        wizard = self.env["fusion.billing.reconciliation.wizard"].create(
            {
                "service_id": self.service.id,
                "date_from": "2026-01-01",
                "last_day": "2026-01-31",
                "file": base64.b64encode(content),
            }
        )
        action = wizard.action_compare()
        self.env.invalidate_all()
        return self.env["fusion.billing.reconciliation"].browse(action["res_id"])

    def test_csv_is_compared_whatever_stands_between_its_cells(self):
        for delimiter in ",;\t":
            lines = ["Subscription,Metric,Quantity,Amount,Currency,Note", "sub-42,api_calls,1250.5"]
            text = "\ufeff" + "\r\n".join([*lines, "", 'sub-43,api_calls,"800",8.00,USD,x'])
            one = self._upload(text.replace(",", delimiter).encode())
            with self.subTest(delimiter):
                self.assertEqual(set(self._results(one).values()), {"matched"})
                self.assertEqual(one.row_count, 2)

    def test_xlsx_is_compared_digit_by_digit(self):
        book = Workbook()
        book.active.append(["subscription", "metric", "quantity", "amount", "currency"])
        book.active.append(["sub-42", "api_calls", 1250.5, 12.51, "USD"])
        book.active.append([self.other.id, "api_calls", 799.9 + 0.1 + 1e-13, None, None])
        content = io.BytesIO()
        book.save(content)
        self.other.fusion_external_id = False
        one = self._upload(content.getvalue())
        self.assertEqual(set(self._results(one).values()), {"matched"})

    def test_each_line_that_is_wrong_is_named_and_nothing_is_compared(self):
        text = (
            "subscription,metric,quantity,amount,currency\n"
            "sub-42,api_calls,-1\n,api_calls,1\nsub-42,,1\nsub-42,api_calls,1,5,\n"
            "sub-42,api_calls,1,5,XXY\nsub-42,api_calls,1.1234567\n"
        )
        with self.assertRaises(UserError) as caught:
            self._upload(text.encode())
        for line in ("Line 2: “quantity”", "Line 3: “subscription” is missing", "Line 4: “metric”"):
            self.assertIn(line, str(caught.exception))
        for line in ("Line 5: “currency” is missing", "Line 6: “currency” must", "Line 7: “quanti"):
            self.assertIn(line, str(caught.exception))

    def test_a_line_that_stands_twice_is_named(self):
        text = "subscription,metric,quantity\nsub-42,api_calls,1\nsub-42,api_calls,2\n"
        with self.assertRaisesRegex(UserError, "Line 3: this subscription and metric"):
            self._upload(text.encode())

    def test_what_is_no_table_is_refused_in_a_sentence(self):
        for content in (
            b"PK\x03\x04 no workbook",
            b"\xff\xfe\x00x",
            b'a,"b\nc',
            b"subscription,metric,quantity\nsub\0-42,api_calls,1\n",
            self._workbook((b"1250.5", b"1250,5")),
            self._workbook((b"</sheetData>", b"<sheetData")),
        ):
            with self.subTest(content), self.assertRaisesRegex(UserError, "must be XLSX, or CSV"):
                self._upload(content)

    def test_a_small_file_that_holds_very_much_is_not_read(self):
        limits = "odoo.addons.fusion_billing.wizards.spreadsheet.%s"
        far = (b'<row r="2"', b'<row r="99999999"'), (b"A1:C2", b"A1:C99999999")
        for name, limit, content in (
            ("UNPACKED", 1000, self._workbook()),
            ("ROWS", 1000, self._workbook(*far)),
        ):
            with (
                self.subTest(name),
                patch(limits % name, limit),
                self.assertRaisesRegex(UserError, "at most 200000 lines"),
            ):
                self._upload(content)

    def _workbook(self, *changes):
        """A workbook, with something else in its sheet than a program would write."""
        book, plain, changed = Workbook(), io.BytesIO(), io.BytesIO()
        book.active.append(["subscription", "metric", "quantity"])
        book.active.append(["sub-42", "api_calls", 1250.5])
        book.save(plain)
        with ZipFile(plain) as source, ZipFile(changed, "w") as target:
            for name in source.namelist():
                part = source.read(name)
                for old, new in changes:
                    part = part.replace(old, new)
                target.writestr(name, part)
        return changed.getvalue()

    def test_the_days_are_those_of_the_company(self):
        self._set_zone("America/New_York")
        one = self._upload(b"subscription,metric,quantity\nsub-42,api_calls,1250.5\n")
        self.assertEqual(one.period_start, datetime(2026, 1, 1, 5))
        self.assertEqual(one.period_end, datetime(2026, 2, 1, 5))
        self.assertEqual(one.period.replace("\u2009", " "), "Jan 1 – 31, 2026")

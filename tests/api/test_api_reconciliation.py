from odoo.tests import tagged

from ...core.api.endpoints.reconciliation import ROW_LIMIT
from ..api_case import ApiCase

JANUARY = {"period_start": "2026-01-01T00:00:00Z", "period_end": "2026-02-01T00:00:00Z"}


@tagged("post_install", "-at_install")
class TestApiReconciliation(ApiCase):
    """An app sends its own totals, and learns where we count something else."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._charge(price_per_unit="0.01")
        cls.subscription = cls._own_subscription("sub-42")
        cls._use(cls.subscription, "1250.5")

    def _row(self, **fields):
        row = {"subscription_external_id": "sub-42", "metric_code": "api_calls", "quantity": "7"}
        return {name: value for name, value in {**row, **fields}.items() if value is not None}

    def _post(self, *rows, **fields):
        return self.post("/reconciliation", {**JANUARY, "rows": list(rows), **fields})

    def test_totals_are_compared_and_what_differs_is_answered(self):
        answer = self.assertOk(
            self._post(
                self._row(quantity=1250.5, amount="12.50", currency="USD"),
                self._row(subscription_external_id="sub-99"),
            ),
            201,
        )
        self.assertEqual(
            [(answer["matched"], answer["different"]), (answer["missing_here"], answer["partial"])],
            [(0, 1), (1, False)],
        )
        different, missing = answer["rows"]
        self.assertEqual(
            different,
            {
                "subscription_id": self.subscription.id,
                "subscription_external_id": "sub-42",
                "metric_code": "api_calls",
                "result": "different",
                "reason": None,
                "quantity": "1250.5",
                "our_quantity": "1250.5",
                "quantity_difference": "0",
                "amount": "12.5",
                "our_amount": "12.51",
                "amount_difference": "0.01",
                "currency": "USD",
                "open": True,
            },
        )
        self.assertEqual(
            (missing["subscription_external_id"], missing["our_quantity"]), ("sub-99", None)
        )

    def test_the_same_totals_again_are_the_same_reconciliation(self):
        first = self.assertOk(self._post(self._row()), 201)
        again = self.assertOk(self._post(self._row()))
        for answer in (first, again):
            answer.pop("compared_at")
        self.assertEqual({**first, "created": False}, again)

    def test_it_is_read_by_pages_and_by_what_came_of_it(self):
        rows = [self._row(subscription_external_id=f"sub-{n}") for n in range(3)]
        made = self.assertOk(self._post(self._row(quantity="1250.5"), *rows), 201)
        path = f"/reconciliation/{made['reconciliation_id']}"
        self.assertEqual(len(self.assertOk(self.get(path))["rows"]), 4)
        first = self.assertOk(self.get(f"{path}?result=mismatch&limit=2"))
        self.assertEqual(len(first["rows"]), 2)
        rest = self.assertOk(
            self.get(f"{path}?result=mismatch&limit=2&cursor={first['next_cursor']}")
        )
        self.assertEqual(
            [row["subscription_external_id"] for row in first["rows"] + rest["rows"]],
            ["sub-0", "sub-1", "sub-2"],
        )
        [row] = self.assertOk(self.get(f"{path}?result=matched"))["rows"]
        self.assertEqual(row["subscription_external_id"], "sub-42")
        [listed] = self.assertOk(self.get("/reconciliation"))["reconciliations"]
        self.assertEqual((listed["matched"], listed["missing_here"]), (1, 3))

    def test_what_is_wrong_is_told_row_by_row_and_nothing_is_compared_U2(self):
        """U2"""
        for fields, code, field in (
            ({"quantity": None}, "missing_field", "quantity"),
            ({"quantity": -1}, "invalid_quantity", "quantity"),
            ({"quantity": "1.1234567"}, "invalid_quantity", "quantity"),
            ({"metric_code": None}, "missing_field", "metric_code"),
            ({"subscription_external_id": None}, "missing_field", "subscription_external_id"),
            ({"subscription_id": 1}, "invalid_subscription_id", "subscription_id"),
            ({"amount": "5"}, "missing_field", "currency"),
            ({"amount": "5", "currency": "usd"}, "invalid_currency", "currency"),
            ({"amount": "5", "currency": "XXY"}, "invalid_currency", "currency"),
            ({"amount": "-5", "currency": "USD"}, "invalid_amount", "amount"),
            ({"note": "x"}, "unknown_field", "note"),
        ):
            with self.subTest(fields):
                response = self._post(self._row(), self._row(**fields))
                error = self.assertError(response, 400, code)["errors"][0]
                self.assertEqual((error["index"], error["field"]), (1, field))
        answer = self.assertError(
            self._post(self._row(), self._row(quantity=8)), 400, "duplicate_row"
        )
        self.assertIn("row 1", answer["error"])
        self.assertEqual(self._post(self._row(), 7).json()["errors"][0]["code"], "invalid_row")
        self.assertFalse(self.env["fusion.billing.reconciliation"].search_count([]))

    def test_a_list_that_is_none_or_too_long_is_refused(self):
        for rows in ([], {}, "x", None):
            with self.subTest(rows):
                code = "missing_field" if rows is None else "invalid_rows"
                self.assertError(
                    self.post("/reconciliation", {**JANUARY, "rows": rows}), 400, code, "rows"
                )
        self.assertError(self._post(*[{}] * (ROW_LIMIT + 1)), 413, "payload_too_large")
        self.assertError(
            self._post(self._row(), period_end=JANUARY["period_start"]),
            400,
            "invalid_period_end",
            "period_end",
        )

    def test_a_period_begins_and_ends_with_a_second(self):
        seats = self._metric("seats", aggregation="weighted")
        self._use(self.subscription, 5, metric=seats)
        for name, moment in (
            ("period_start", "2026-01-01T00:00:00.1Z"),
            ("period_end", "2026-01-31T23:59:59.999Z"),
        ):
            answer = self._post(self._row(), **{name: moment})
            self.assertError(answer, 400, f"invalid_{name}", name)
        start, end = "2026-01-20T00:00:00.000Z", "2026-01-20T00:00:00.5Z"
        moment = {"period_start": start, "period_end": end}
        answer = self._post(self._row(metric_code="seats"), **moment)
        self.assertError(answer, 400, "invalid_period_end", "period_end")

    def test_an_app_sees_its_own_reconciliations_and_subscriptions_alone(self):
        made = self.assertOk(self._post(self._row()), 201)
        path = f"/reconciliation/{made['reconciliation_id']}"
        stranger = self._service("stranger")
        key = stranger._generate_api_key()
        self.assertError(self.get(path, key=key), 404, "not_found")
        self.assertEqual(self.assertOk(self.get("/reconciliation", key=key))["reconciliations"], [])
        for wrong in ("x", "0", "99999999999", "9" * 200):
            self.assertError(self.get(f"/reconciliation/{wrong}"), 404, "not_found")
        # What it was told of once is not shown any more.
        self.subscription.fusion_service_id = stranger
        self.service.sees_own_only = True
        answer = self.assertOk(self.get(path))
        self.assertEqual((answer["rows"], answer["different"]), ([], 0))

    def test_many_rows_take_as_many_queries_as_few(self):
        self.remember_keys()
        rows = [self._row(subscription_external_id=f"sub-{n}") for n in range(90)]
        self._post(*rows, reference="warm")
        few = self._count_queries(*rows[:10], reference="few")
        self.assertLessEqual(self._count_queries(*rows, reference="many"), few)

    def _count_queries(self, *rows, **fields):
        before = self.cr.sql_log_count
        self.assertOk(self._post(*rows, **fields), 201)
        return self.cr.sql_log_count - before

from datetime import date
from decimal import Decimal
from unittest.mock import patch

from odoo.exceptions import UserError, ValidationError
from odoo.tests import freeze_time, tagged

from ...core.money import owed
from ...models.ledger import retention
from ...models.ledger.preview import Preview
from ..api_case import ApiCase

BILLED = [f"2026-0{month}-01 03:00:00" for month in (2, 3, 4, 5)]
NOW = "2026-05-10 12:00:00"
KEPT = date(2026, 3, 1)  # the first of a month that is not two months old


@tagged("post_install", "-at_install")
class TestRetention(ApiCase):
    """Counters of settled days are removed; what they came to stays, and is not computed again."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with freeze_time("2025-12-01"):
            cls._charge()
            cls.seats = cls.env["fusion.billing.metric"].create(
                {"name": "Seats", "code": "seats", "aggregation": "weighted"}
            )
            cls._charge(cls.seats)
        with freeze_time("2026-01-01"):
            cls.subscription = cls._own_subscription("sub-42")
        cls.months = [f"2026-0{month}-10" for month in (1, 2, 3, 4, 5)]
        cls.counters = [
            cls._use(cls.subscription, 10 * n, day) for n, day in enumerate(cls.months, 1)
        ]
        cls.env.company.fusion_usage_retention_months = 2
        for moment in BILLED:
            with freeze_time(moment):
                cls.env["sale.order"]._fusion_cron_create_invoices()
        cls.env["fusion.billing.rating.request"].search([]).unlink()

    def _remove(self, at=NOW):
        with freeze_time(at):
            self.env["sale.order"]._fusion_cron_remove_old_usage()
        self.env.invalidate_all()

    def _left(self):
        counters = self.env["fusion.billing.usage"].search(
            [("subscription_id", "=", self.subscription.id)], order="period_start"
        )
        return [f"{counter.period_start:%Y-%m-%d}" for counter in counters]

    def _ledger(self):
        return [
            (row.date_from, row.charge_id.id, row.quantity, row.amount, row.settled, row.breakdown)
            for row in self.env["fusion.billing.rating"].search(
                [("subscription_id", "=", self.subscription.id)], order="date_from, id"
            )
        ]

    def _invoices(self):
        return self.subscription.invoice_ids.sorted("invoice_date")

    # === WHAT IS REMOVED === #

    def test_old_counters_go_and_what_they_came_to_stays(self):
        before = self._ledger()
        self._remove()
        self.assertEqual(self._left(), self.months[2:])
        self.assertEqual(self.subscription.fusion_usage_kept_from, KEPT)
        self.assertEqual(self._ledger(), before)

    def test_without_a_limit_everything_is_kept(self):
        self.env.company.fusion_usage_retention_months = 0
        self._remove("2036-01-01")
        self.assertEqual(self._left(), self.months)

    def test_what_is_not_billed_is_kept_however_old(self):
        """L2."""
        self._remove("2036-01-01")
        self.assertEqual(self._left(), self.months[4:])

    def test_what_is_due_again_is_kept(self):
        """L2: somebody cancelled the invoice of February."""
        february = self._invoices().filtered(lambda move: f"{move.fusion_bill_on}" < "2026-03-02")[
            -1
        ]
        february.button_draft()
        february.button_cancel()
        self._remove()
        self.assertEqual(self._left(), self.months[1:])

    def test_what_waits_to_be_rated_is_kept(self):
        """R9: a late counter is billed before it is removed."""
        late = self._use(self.subscription, 7, "2026-01-20")
        self._remove()
        self.assertEqual(len(self._left()), 6)
        self._rate_at(NOW)
        self._remove()
        self.assertEqual(len(self._left()), 6)
        self._bill_at("2026-06-02")
        self._remove("2026-06-03")
        self.assertFalse(late.exists())

    def test_a_subscription_with_a_problem_keeps_its_counters(self):
        """R7."""
        self.env.cr.execute(
            "UPDATE sale_order SET fusion_error = 'x' WHERE id = %s", [self.subscription.id]
        )
        self._remove()
        self.assertEqual(self._left(), self.months)

    def test_a_level_that_is_weighted_by_time_holds_until_the_next_counter(self):
        self._use(self.subscription, 3, "2026-01-15", self.seats)
        self._rate_at(BILLED[-1])
        self._bill_at("2026-06-02")
        before = self._ledger()
        self._remove("2026-09-01")
        self.assertEqual(self._left()[0], "2026-01-15")
        self.subscription._fusion_request_rating(date(2026, 1, 1))
        self._rate_at("2026-06-03")
        self.assertEqual(self._ledger(), before)

    def test_corrections_of_those_days_go_too(self):
        """U3."""
        for counter in (self.counters[0], self.counters[3]):
            counter.quantity += 1
        self.counters[1].unlink()
        self._rate_at(BILLED[-1])
        self._bill_at("2026-06-02")
        self._remove("2026-06-03")
        corrections = self.env["fusion.billing.usage.correction"].search([])
        self.assertEqual(corrections.mapped("usage_id"), self.counters[3])

    def test_a_closed_subscription_keeps_none(self):
        with freeze_time(NOW):
            self.subscription._fusion_close(date(2026, 5, 20), discard_usage=True)
        self._bill_at("2026-05-21")
        self._remove("2026-08-01")
        self.assertEqual(self._left(), [])

    def test_a_few_are_removed_at_a_time(self):
        self.patch(retention, "ROWS", 1)
        self._remove()
        self.assertEqual(self._left(), self.months[2:])

    def test_one_subscription_that_fails_does_not_stop_the_others_and_says_so(self):
        """R7."""
        with freeze_time("2026-01-01"):
            bad = self._own_subscription("sub-43")
        self._use(bad, 1, "2026-01-10")
        for moment in BILLED:
            self._bill_at(moment)
        settled_until = type(bad)._fusion_settled_until

        def fail(order):
            if order == bad:
                raise ZeroDivisionError
            return settled_until(order)

        with (
            patch.object(type(bad), "_fusion_settled_until", fail),
            self.assertLogs("odoo.addons.fusion_billing", "ERROR"),
        ):
            self._remove()
        self.assertEqual(self._left(), self.months[2:])
        self.assertTrue(bad.fusion_error)
        self.assertFalse(bad.fusion_usage_kept_from)

    def test_what_an_interrupted_run_left_is_owed_as_before_and_removed_by_the_next(self):
        """L1, R6."""
        before = self._ledger()
        self.patch(retention, "ROWS", 1)
        with patch.object(retention, "commit_progress", return_value=False):
            self._remove()
        # Which of the two old ones went first is up to the database.
        self.assertIn(self._left(), (self.months[1:], self.months[:1] + self.months[2:]))
        self.subscription._fusion_request_rating(date(2026, 1, 1))
        self._rate_at(NOW)
        self.assertEqual(self._ledger(), before)
        self._remove()
        self.assertEqual(self._left(), self.months[2:])

    def test_it_costs_nothing_to_do_it_again(self):
        self._remove()
        with freeze_time(NOW), self.assertQueryCount(3):
            self.env["sale.order"]._fusion_cron_remove_old_usage()

    # === WHAT HOLDS AFTERWARDS === #

    def test_no_usage_of_those_days_is_taken_any_more(self):
        """U5."""
        self._remove()
        for day, refused in (("2026-02-28T23:00:00Z", True), ("2026-03-01T00:00:00Z", False)):
            event = self._event(
                period_start=day, period_end="2026-03-02T00:00:00Z", idempotency_key=day
            )
            if refused:
                answer = self.assertError(self.push(event), 400, "period_outside_subscription")
                self.assertEqual(len(answer["errors"]), 1)
            else:
                self.assertOk(self.push(event))
        with self.assertRaises(ValidationError):
            self._use(self.subscription, 1, "2026-02-10")

    def test_a_key_that_was_removed_is_not_taken_for_a_new_one(self):
        """U3, U4: whoever sends January again is not billed for it twice."""
        event = self._event(period_start="2026-01-10T00:00:00Z", idempotency_key="january")
        self.assertOk(self.push(event))
        self._rate_at(BILLED[-1])
        self._bill_at("2026-06-02")
        self._remove("2026-06-03")
        self.assertNotIn("2026-01-10", self._left())
        self.assertError(self.push(event), 400, "period_outside_subscription")

    def test_rating_everything_again_changes_nothing(self):
        """L1, R6."""
        before = self._ledger()
        self._remove()
        self.subscription._fusion_request_rating(date(2026, 1, 1))
        self._rate_at(NOW)
        self.assertEqual(self._ledger(), before)

    def test_an_invoice_that_is_cancelled_later_is_billed_again_as_it_was(self):
        """L2, L3."""
        self._remove()
        january = self._invoices()[0]
        settled = sum(january.invoice_line_ids.mapped("fusion_settled"))
        self.assertGreater(settled, 0)
        january.button_draft()
        january.button_cancel()
        self._bill_at("2026-06-02")
        again = self._invoices()[-1].invoice_line_ids.filtered(
            lambda line: line.fusion_rating_id.date_from == date(2026, 1, 1)
        )
        self.assertAlmostEqual(sum(again.mapped("fusion_settled")), settled)

    def test_the_timeline_of_those_days_stays(self):
        """T4."""
        self._remove()
        before = self._ledger()
        with freeze_time(NOW):
            for change in (
                lambda: self.subscription._fusion_close(date(2026, 2, 15), discard_usage=True),
                lambda: self.subscription._fusion_pause(date(2026, 2, 1), discard_usage=True),
            ):
                with self.assertRaisesRegex(UserError, "was removed"):
                    change()
            self.subscription._fusion_close(KEPT, discard_usage=True)
        self._rate_at(NOW)
        kept = [row for row in before if row[0] < KEPT]
        self.assertEqual([row for row in self._ledger() if row[0] < KEPT], kept)

    def _stays(self, before, change, *refused):
        """What is settled is the same after a change, and others are refused."""
        with freeze_time("2026-06-03"):
            for wrong in refused:
                with self.assertRaisesRegex(UserError, "was removed"), self.env.cr.savepoint():
                    wrong()
            change()
        self._rate_at("2026-06-04")
        kept = [row for row in before if row[0] < self.subscription.fusion_usage_kept_from]
        self.assertEqual([row for row in self._ledger() if row in kept], kept)

    def test_who_goes_on_after_an_end_does_so_in_a_period_that_is_there(self):
        """R10: days before and after an end are parts of one period."""
        self._rate_at(NOW)
        with freeze_time(NOW):
            self.subscription._fusion_close(date(2026, 2, 15), discard_usage=True)
        self._bill_at("2026-06-02")
        self._remove("2026-06-03")
        self.assertEqual(self._left(), self.months[2:])
        reopen = self.subscription._fusion_reopen
        self._stays(
            self._ledger(),
            lambda: reopen(KEPT),
            lambda: reopen(date(2026, 2, 15)),
            lambda: reopen(date(2026, 2, 20)),
        )

    def test_a_closed_subscription_keeps_the_period_in_which_it_ended(self):
        """R10."""
        with freeze_time(NOW):
            self.subscription._fusion_close(date(2026, 2, 15), discard_usage=True)
        self._bill_at("2026-05-11")
        self.env.company.fusion_usage_retention_months = 3
        self._remove("2026-05-20")
        self.assertEqual(self.subscription.fusion_usage_kept_from, date(2026, 2, 1))

    def test_a_period_that_another_rhythm_cut_stays_cut(self):
        """R10."""
        weekly = self._plan("weekly", billing_period_unit="week")
        change = self.subscription._fusion_change_plan
        with freeze_time(NOW):
            change(weekly, date(2026, 2, 16))
        self._bill_at("2026-06-02")
        self.env.company.fusion_usage_retention_months = 3
        self._remove("2026-05-20")
        self.assertEqual(self.subscription.fusion_usage_kept_from, date(2026, 2, 16))
        self._stays(
            self._ledger(),
            lambda: change(self.plan, date(2026, 2, 23)),
            lambda: change(self.plan, date(2026, 2, 16)),
            lambda: change(weekly, date(2026, 2, 9)),
        )

    def test_an_old_period_is_told_as_it_is_while_somebody_rates(self):
        """L1."""
        self._remove()
        usage = self.env["fusion.billing.api.period_usage"]
        timeline = self.subscription._fusion_timeline()
        [calls, _seats] = usage._find_lines(
            self.subscription, timeline.period_on(date(2026, 1, 10)), worked_out=True
        )
        self.assertEqual(calls.figures["quantity"], 10)

    def test_a_dialog_says_nothing_of_usage_that_is_settled(self):
        """F2."""
        self._remove()
        preview = Preview(self.subscription)
        item = owed.Item(
            id=(self.usage_product.id, "new"), start=date(2026, 2, 1), end=None, amount=Decimal(9)
        )
        with freeze_time(NOW):
            rows = preview.compare(date(2026, 2, 1), items=[item])
        old = {row.name for row in rows if row.period.start < KEPT}
        self.assertEqual(old, {self.usage_product.display_name})

    def test_a_counter_of_those_days_that_is_there_still_stays(self):
        self._remove()
        counter = self.counters[2]
        self.env.cr.execute(
            "UPDATE fusion_billing_usage SET period_start = '2026-02-10' WHERE id = %s",
            [counter.id],
        )
        self.env.invalidate_all()
        for change in (lambda: counter.write({"quantity": 1}), counter.unlink):
            with self.assertRaisesRegex(UserError, "was removed"):
                change()

    def test_nobody_writes_the_day_by_hand(self):
        with self.assertRaises(UserError):
            self.subscription.fusion_usage_kept_from = KEPT

from datetime import date
from itertools import product

from odoo.tests import freeze_time, tagged

from ..api_case import ApiCase


@tagged("post_install", "-at_install")
@freeze_time("2026-01-11 12:00:00")
class TestApiChangePlan(ApiCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._charge(price_per_unit=1)
        cls.business = cls._plan("business")
        cls._charge(plan=cls.business, price_per_unit="0.5")
        cls.yearly = cls._plan("yearly", billing_period_unit="year")
        cls.subscription = cls._own_subscription("sub-42")

    def _change(self, plan_code="business", **fields):
        body = {"plan_code": plan_code, **fields}
        response = self.post(
            f"/subscriptions/{self.subscription.id}/change_plan",
            {name: value for name, value in body.items() if value is not None},
        )
        return self.assertOk(response)

    def _read(self):
        return self.assertOk(self.get(f"/subscriptions/{self.subscription.id}"))

    def _refused(self, code, field=None, **body):
        path = f"/subscriptions/{self.subscription.id}/change_plan"
        with self.assertNothingWritten():
            return self.assertError(self.post(path, body), 400, code, field)

    def assertPlans(self, answer, *plans):
        self.assertPlansOf(answer, *plans)
        self.assertEqual(self._read(), answer)

    def assertPlansOf(self, answer, plan_code, next_plan_code=None, plan_change_date=None):
        self.assertEqual(
            (answer["plan_code"], answer["next_plan_code"], answer["plan_change_date"]),
            (plan_code, next_plan_code, plan_change_date),
        )

    # === CHANGING === #

    def test_a_plan_with_the_same_billing_period_takes_over_today(self):
        self._use(self.subscription, 10)
        answer = self._change()
        self.assertPlans(answer, "business")
        self._use(self.subscription, 10, "2026-01-12")
        with freeze_time("2026-02-01 01:00:00"):
            self._bill()
        self.assertEqual(self.subscription.invoice_ids.amount_untaxed, 15)

    def test_it_takes_over_on_the_day_that_is_named(self):
        answer = self._change(date="2026-01-20")
        self.assertPlans(answer, "pro", "business", "2026-01-20")
        self._bill_at("2026-01-20 01:00:00")
        self.assertPlans(self._read(), "business")

    def test_a_plan_with_another_billing_period_waits_for_the_end_of_the_open_one(self):
        self.assertPlans(self._change("yearly"), "pro", "yearly", "2026-02-01")

    def test_a_plan_with_another_billing_period_takes_over_on_any_day_that_is_named(self):
        """T1: a new billing period begins on that day."""
        self.assertPlans(self._change("yearly", date="2026-01-20"), "pro", "yearly", "2026-01-20")
        self._bill_at("2026-01-20 01:00:00")
        answer = self._read()
        self.assertPlans(answer, "yearly")
        self.assertEqual(
            (answer["last_invoice_date"], answer["next_invoice_date"]), ("2026-01-20", "2027-01-20")
        )

    def test_a_change_into_the_past_holds_from_its_day(self):
        """T4."""
        self._use(self.subscription, 10, "2026-01-05")
        self.assertPlans(self._change(date="2026-01-05"), "business")
        with freeze_time("2026-02-01 01:00:00"):
            self._bill()
        self.assertEqual(self.subscription.invoice_ids.amount_untaxed, 5)

    def test_the_plan_is_named_by_its_id_as_well(self):
        self.assertPlans(self._change(None, plan_id=self.business.id), "business")

    def test_a_paused_subscription_can_change_its_plan(self):
        self.subscription._fusion_pause()
        self.assertPlans(self._change(date="2026-02-01"), "pro", "business", "2026-02-01")

    # === AGAIN === #

    def test_a_change_can_be_asked_for_again(self):
        """Every write path is safe to run twice: the period is split once."""
        self._use(self.subscription, 10)
        first = self._change()
        ledger = self._ledger()
        for fields in ({}, {"date": "2026-01-11"}):
            with self.assertNothingWritten():
                self.assertEqual(self._change(**fields), first)
        self.assertEqual(self._ledger(), ledger)

    def _ledger(self):
        self.env.invalidate_all()
        return self.subscription.fusion_rating_ids.mapped(
            lambda rating: (rating.charge_id.id, rating.date_from, rating.date_until)
        )

    def test_a_change_to_come_can_be_asked_for_again(self):
        first = self._change(date="2026-01-20")
        self.assertEqual(self._change(date="2026-01-20"), first)

    def test_without_a_day_a_plan_to_come_takes_over_now(self):
        """What was asked for first does not hold on silently."""
        self._change(date="2026-01-20")
        first = self._change()
        self.assertPlans(first, "business")
        self.assertEqual(self._change(), first)

    def test_without_a_day_other_plans_to_come_are_taken_back(self):
        """So that the same request again does the same."""
        self._change("yearly", date="2026-01-25")
        for _time in range(2):
            self.assertPlans(self._change(), "business")

    def test_without_a_day_a_plan_of_another_rhythm_leaves_what_comes_before_it(self):
        self._change(date="2026-01-20")
        for _time in range(2):
            self.assertPlans(self._change("yearly"), "pro", "business", "2026-01-20")
        self.assertEqual(
            [(str(phase.date_from), phase.plan_id.code) for phase in self._planned()],
            [("2026-01-20", "business"), ("2026-02-01", "yearly")],
        )

    def test_several_changes_can_be_planned(self):
        """T1: each holds until the next one; the first one to come is told."""
        self._change(date="2026-01-20")
        self.assertPlans(self._change("yearly", date="2026-02-01"), "pro", "business", "2026-01-20")
        self._bill_at("2026-01-20 01:00:00")
        self.assertPlans(self._read(), "business", "yearly", "2026-02-01")

    def test_the_plan_in_force_takes_back_all_changes_to_come(self):
        self._change(date="2026-01-20")
        self._change("yearly", date="2026-02-01")
        self.assertPlans(self._change("pro"), "pro")

    def test_another_day_moves_the_change(self):
        self._change(date="2026-01-20")
        for day in ("2026-01-25", "2026-01-15", "2026-03-01"):
            self.assertPlans(self._change(date=day), "pro", "business", day)

    def _planned(self):
        self.env.invalidate_all()
        return self.subscription._fusion_planned_changes().sorted("date_from")

    def test_every_way_to_plan_again_ends_with_the_plan_on_the_day_that_was_named(self):
        """The new day holds, whatever was planned before: see also what comes before and after."""
        days = ("2026-01-15", "2026-01-25", "2026-02-10")
        for before, first, later in product(("business", "yearly"), days, days):
            with self.subTest(before=before, first=first, later=later):
                self.subscription._fusion_keep_plan()
                self._change(before, date=first)
                for _time in range(2):
                    self._change("business", date=later)
                    expected = [(first, before), (later, "business")]
                    if before == "business":
                        expected = [(later, before)]
                    elif first == later:
                        expected = [(later, "business")]
                    planned = [(str(p.date_from), p.plan_id.code) for p in self._planned()]
                    self.assertEqual(planned, sorted(expected))

    def test_the_second_change_to_come_is_moved_as_the_first(self):
        self._change(date="2026-01-20")
        self._change("yearly", date="2026-02-01")
        self._change("yearly", date="2026-02-10")
        self.assertEqual(
            [(str(phase.date_from), phase.plan_id.code) for phase in self._planned()],
            [("2026-01-20", "business"), ("2026-02-10", "yearly")],
        )

    def test_a_subscription_that_is_to_begin_can_be_asked_to_stay_on_its_plan(self):
        later = self._own_subscription("later", start="2026-06-01")
        path = f"/subscriptions/{later.id}/change_plan"
        answer = self.assertOk(self.post(path, {"plan_code": "pro", "date": "2026-07-01"}))
        self.assertPlansOf(answer, "pro")

    def test_moving_a_change_leaves_a_pause_of_the_same_day(self):
        """T1."""
        self._change(date="2026-01-20")
        self.subscription._fusion_pause(date(2026, 1, 20))
        self.assertPlans(self._change(date="2026-01-25"), "pro", "business", "2026-01-25")
        self.assertEqual(self.subscription._fusion_timeline().on(date(2026, 1, 20)).state, "paused")

    def test_the_plan_in_force_takes_back_a_change_to_come(self):
        self._use(self.subscription, 10)
        self._change(date="2026-01-20")
        self.assertPlans(self._change("pro"), "pro")
        self._bill_at("2026-02-01 01:00:00")
        self.assertEqual(len(self.subscription.fusion_rating_ids), 1)
        self.assertEqual(self.subscription.invoice_ids.amount_untaxed, 10)

    # === REFUSALS === #

    def test_what_the_subscription_does_not_allow_is_said_in_a_sentence(self):
        answer = self._refused("invalid_state", plan_code="business", date="2025-12-31")
        self.assertIn("does not run on that day", answer["error"])
        self.subscription._fusion_close(date(2026, 1, 1))
        for code in ("business", "pro"):
            answer = self._refused("invalid_state", plan_code=code)
            self.assertIn("it is not a running subscription", answer["error"])

    def test_a_request_that_makes_no_sense_is_refused(self):
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        self._plan("theirs", company_id=elsewhere.id)
        self._plan("old", active=False)
        for body, code, field in (
            ({}, "missing_field", "plan_code"),
            ({"plan_code": "nothing"}, "unknown_plan", "plan_code"),
            ({"plan_code": "theirs"}, "unknown_plan", "plan_code"),
            ({"plan_code": "old"}, "unknown_plan", "plan_code"),
            ({"plan_id": 2**31}, "unknown_plan", "plan_id"),
            ({"plan_id": 1, "plan_code": "pro"}, "invalid_plan_id", "plan_id"),
            ({"plan_code": "business", "date": "tomorrow"}, "invalid_date", "date"),
            ({"plan_code": "business", "when": "now"}, "unknown_field", "when"),
        ):
            with self.subTest(body=body):
                self._refused(code, field, **body)

    def test_a_subscription_of_somebody_else_is_not_found(self):
        hooli = self.env["res.partner"].create({"name": "Hooli"})
        theirs = self._subscribe(partner_id=hooli.id)
        for number in (theirs.id, 2**31 - 1, "x"):
            response = self.post(f"/subscriptions/{number}/change_plan", {"plan_code": "business"})
            self.assertError(response, 404, "not_found")

from datetime import date

from odoo.tests import freeze_time, tagged

from ..api_case import ApiCase


@tagged("post_install", "-at_install")
@freeze_time("2026-01-16 12:00:00")
class TestApiChanges(ApiCase):
    """What is planned is listed, and each of it can be taken back."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._charge(price_per_unit=1)
        cls.fee_product.default_code = "fee"
        cls.business = cls._plan(
            "business", fee_ids=[(0, 0, {"product_id": cls.fee_product.id, "quantity": 2})]
        )
        cls.subscription = cls._own_subscription("sub-42", products=cls.fee_product)
        cls.line = cls.subscription.order_line

    @property
    def path(self):
        return f"/subscriptions/{self.subscription.id}/changes"

    def _changes(self):
        return self.assertOk(self.get(self.path))["changes"]

    def _listed(self):
        return [
            (one["kind"], one["date"], one["plan_code"] or one["quantity"])
            for one in self._changes()
        ]

    def _take_back(self, number=0):
        change = self._changes()[number]
        answer = self.assertOk(self.send("DELETE", f"{self.path}/{change['change_id']}"))
        self.assertEqual(answer["changes"], self._changes())

    def _state(self):
        self.env.invalidate_all()
        items = self.subscription.fusion_item_ids._terms().values()
        return self.subscription._fusion_timeline(), sorted(
            (item.start, item.end or date.max, item.amount)
            for item in items
            if item.start != item.end
        )

    def _plan_everything(self):
        order = self.subscription
        order._fusion_change_plan(self.business, date(2026, 2, 1))
        order._fusion_pause(date(2026, 2, 10), date(2026, 2, 20))
        order._fusion_change_item(self.line, quantity=3, date=date(2026, 2, 5))
        order._fusion_end_item(self.line, date(2026, 4, 1))
        order._fusion_close(date(2026, 5, 1))

    # === LISTED === #

    def test_nothing_is_planned_at_first(self):
        self.assertEqual(
            self.assertOk(self.get(self.path)),
            {"subscription_id": self.subscription.id, "changes": []},
        )

    def test_everything_that_is_to_come_is_listed_by_day(self):
        self._plan_everything()
        self.assertEqual(
            self._listed(),
            [
                ("plan", "2026-02-01", "business"),
                ("item", "2026-02-05", "3"),
                ("pause", "2026-02-10", None),
                ("resume", "2026-02-20", None),
                ("item", "2026-04-01", "0"),
                ("end", "2026-05-01", None),
            ],
        )
        ids = [one["change_id"] for one in self._changes()]
        self.assertEqual(len(set(ids)), len(ids))
        [change, end] = [one for one in self._changes() if one["kind"] == "item"]
        self.assertEqual((change["item_id"], end["item_id"]), (self.line.id, self.line.id))
        self.assertEqual(change["product_code"], "fee")

    def test_a_plan_and_a_pause_of_one_day_are_two_changes(self):
        self.subscription._fusion_change_plan(self.business, date(2026, 2, 1))
        self.subscription._fusion_pause(date(2026, 2, 1))
        self.assertEqual(
            self._listed(), [("plan", "2026-02-01", "business"), ("pause", "2026-02-01", None)]
        )
        self._take_back()
        self.assertEqual(self._listed(), [("pause", "2026-02-01", None)])

    def test_a_subscription_that_comes_back_is_reopened(self):
        self.subscription._fusion_close(date(2026, 2, 1))
        self.subscription._fusion_reopen(date(2026, 3, 1))
        self.assertEqual(
            self._listed(), [("end", "2026-02-01", None), ("reopen", "2026-03-01", None)]
        )
        self._take_back()
        self.assertEqual(self._listed(), [])

    def test_what_has_begun_is_listed_no_more(self):
        self._plan_everything()
        with freeze_time("2026-02-10 12:00:00"):
            self.assertEqual(self._listed()[0][:2], ("resume", "2026-02-20"))

    # === TAKEN BACK === #

    def test_each_change_is_taken_back_alone(self):
        """Taken back one by one, in any order, nothing is left of them."""
        before = self._state()
        for order in ([0] * 6, [5, 4, 3, 2, 1, 0], [2, 3, 0, 2, 1, 0]):
            with self.subTest(order=order):
                self._plan_everything()
                self.assertNotEqual(self._state(), before)
                for number in order:
                    if listed := self._listed():
                        number = min(number, len(listed) - 1)
                        self._take_back(number)
                        if listed[number][0] != "pause":  # the resumption goes with it
                            self.assertEqual(self._listed(), listed[:number] + listed[number + 1 :])
                self.assertEqual(self._state(), before)

    def test_a_fee_that_was_to_come_is_not_owed(self):
        self.subscription._fusion_add_item(self.setup_product, date=date(2026, 2, 10))
        self.assertEqual(self._listed(), [("item", "2026-02-10", "1")])
        self._take_back()
        with freeze_time("2026-03-01 01:00:00"):
            self._bill()
        rows = self.subscription.fusion_rating_ids.filtered("amount")
        self.assertEqual(rows.item_id.product_id, self.fee_product)

    def test_what_is_billed_is_as_if_it_had_never_been_planned(self):
        other = self._own_subscription("other", products=self.fee_product)
        self._plan_everything()
        self._rate()
        while self._changes():
            self._take_back(-1)
        with freeze_time("2026-05-01 01:00:00"):
            self._bill()
        self.assertEqual(self._owed(self.subscription), self._owed(other))

    def test_what_was_taken_back_is_not_found_again(self):
        self._plan_everything()
        for change in self._changes():
            path = f"{self.path}/{change['change_id']}"
            if self.send("DELETE", path).status_code == 200:
                self.assertError(self.send("DELETE", path), 404, "not_found")

    def test_with_an_idempotency_key_it_is_answered_again(self):
        self._plan_everything()
        path = f"{self.path}/{self._changes()[0]['change_id']}"
        answers = [
            self.assertOk(self.send("DELETE", path, headers={"Idempotency-Key": "once"}))
            for _time in range(2)
        ]
        self.assertEqual(answers[0], answers[1])

    # === REFUSED === #

    def test_what_has_begun_cannot_be_taken_back(self):
        self._plan_everything()
        changes = self._changes()
        with freeze_time("2026-04-15 12:00:00"):
            before = self._state()
            for change in changes[:-1]:
                with self.subTest(change=change):
                    response = self.send("DELETE", f"{self.path}/{change['change_id']}")
                    answer = self.assertError(response, 400, "invalid_state")
                    self.assertIn("has begun already", answer["error"])
            self.assertEqual(self._state(), before)

    def test_what_is_no_change_is_not_found(self):
        other = self._own_subscription("other")
        other._fusion_pause(date(2026, 2, 1))
        theirs = other._fusion_planned_changes()
        self.subscription._fusion_pause(date(2026, 2, 1))
        mine = self.subscription._fusion_planned_changes()
        for name in (
            f"state-{theirs.id}",
            f"plan-{mine.id}",
            f"pause-{mine.id}",
            f"fee-{2**31 - 1}",
            f"fee-{2**31}",
            "state-",
            "state-x",
            "state",
            "-1",
            "x" * 200,
        ):
            with self.subTest(name=name):
                response = self.send("DELETE", f"{self.path}/{name}")
                self.assertError(response, 404, "not_found")

    def test_the_changes_of_somebody_else_are_not_found(self):
        """U1."""
        stranger = self.env["res.partner"].create({"name": "Stranger"})
        theirs = self._subscribe(partner_id=stranger.id)
        theirs._fusion_pause(date(2026, 2, 1))
        path = f"/subscriptions/{theirs.id}/changes"
        self.assertError(self.get(path), 404, "not_found")
        phase = theirs._fusion_planned_changes()
        self.assertError(self.send("DELETE", f"{path}/state-{phase.id}"), 404, "not_found")

    def test_usage_is_not_lost_when_a_resumption_is_taken_back(self):
        """T5."""
        self.subscription._fusion_pause(date(2026, 1, 10), date(2026, 1, 17))
        self._use(self.subscription, 5, "2026-01-17")
        [change] = self._changes()
        response = self.send("DELETE", f"{self.path}/{change['change_id']}")
        self.assertEqual(self.assertError(response, 409, "usage_after_end")["count"], 1)

    def test_a_body_says_nothing_here(self):
        self.subscription._fusion_pause(date(2026, 2, 1))
        path = f"{self.path}/{self._changes()[0]['change_id']}"
        response = self.send("DELETE", path, {"date": "2026-02-01"})
        self.assertError(response, 400, "unknown_field", "date")
        self.assertOk(self.send("DELETE", path, {}))

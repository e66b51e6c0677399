"""Charges that price only some of a metric's usage, by its dimensions."""

from datetime import date

from odoo.tests import freeze_time, tagged

from ..common import BillingCase

TODAY = date(2026, 1, 20)


@tagged("post_install", "-at_install")
@freeze_time("2026-01-20")
class TestChargeFilters(BillingCase):
    def _amount_of(self, *dimensions):
        """What one unit with each of these dimensions comes to on the plan as it is."""
        subscription = self._subscribe()
        self._ingest(*(self._event(subscription, "1", dimensions=own) for own in dimensions))
        self._rate()
        return sum(self._amounts(subscription))

    def test_filters_share_out_usage_and_the_rest_goes_to_the_charge_without(self):
        for region, price in (("eu, uk", 2), ("us", 3), (None, 1)):
            self._charge(
                price_per_unit=price, filter_ids=(region and self._filters(region=region)) or []
            )
        for region, price in (("eu", 2), ("uk", 2), ("us", 3), ("asia", 1)):
            self.assertEqual(self._amount_of({"region": region}), price)
        self.assertEqual(self._amount_of(None), 1)
        self.assertEqual(self._amount_of({"other": "eu"}), 1)

    def test_usage_that_no_charge_takes_costs_nothing(self):
        self._charge(filter_ids=self._filters(region="eu"))
        self.assertEqual(self._amount_of({"region": "us"}, None), 0)

    def test_a_filter_with_two_conditions_takes_what_meets_both(self):
        self._charge(price_per_unit=5, filter_ids=self._filters(region="eu", model="a, b"))
        self._charge()
        self.assertEqual(self._amount_of({"region": "eu", "model": "b"}), 5)
        self.assertEqual(self._amount_of({"region": "eu", "model": "c"}), 1)
        self.assertEqual(self._amount_of({"region": "us", "model": "a"}), 1)
        self.assertEqual(self._amount_of({"model": "a"}), 1)

    def test_values_match_exactly_and_numbers_and_truths_as_they_are_written_in_json(self):
        self._charge(price_per_unit=5, filter_ids=self._filters(x="eu, 7, true, new york"))
        for value in ("eu", "7", 7, True, "new york"):
            self.assertEqual(self._amount_of({"x": value}), 5, value)
        for value in ("EU", " eu", "e", 7.5, False, "new", None, "eu, 7"):
            self.assertEqual(self._amount_of({"x": value}), 0, value)

    def test_a_name_that_looks_like_a_path_or_a_placeholder_is_only_a_name(self):
        self._charge(
            price_per_unit=5,
            filter_ids=[(0, 0, {"dimension": "a.b'%s", "dimension_values": "ü?%s"})],
        )
        self.assertEqual(self._amount_of({"a.b'%s": "ü?%s"}), 5)
        self.assertEqual(self._amount_of({"a": {"b'%s": "ü?%s"}}), 0)

    def test_each_filtered_charge_has_its_own_quota(self):
        self._charge(included_quota=1, filter_ids=self._filters(region="eu"))
        self._charge(included_quota=1)
        self.assertEqual(self._amount_of({"region": "eu"}, {"region": "us"}), 0)
        self.assertEqual(self._amount_of(*[{"region": "eu"}] * 3), 2)

    def test_t2_usage_of_a_filtered_charge_goes_to_the_charge_without_once_it_is_archived(self):
        dear = self._charge(price_per_unit=5, filter_ids=self._filters(region="eu"))
        self._charge()
        subscription = self._subscribe()
        self._ingest(
            *(
                self._event(subscription, quantity, start, dimensions={"region": "eu"})
                for quantity, start in (
                    ("10", "2026-01-19"),
                    ("2", "2026-01-20"),
                    ("4", "2026-02-02"),
                )
            )
        )
        dear.active = False
        self._rate_at("2026-02-03")
        self.assertEqual(
            self._owed(subscription),
            [
                ("2026-01-01", "2026-01-20", 50),
                ("2026-01-20", "2026-02-01", 2),
                ("2026-02-01", "2026-03-01", 4),
            ],
        )

    def test_t2_usage_goes_to_a_filtered_charge_from_the_day_on_which_it_was_added(self):
        self._charge()
        subscription = self._subscribe()
        self._ingest(self._event(subscription, "10", dimensions={"region": "eu"}))
        self._rate()
        with freeze_time("2026-02-01"):
            self._charge(price_per_unit=5, filter_ids=self._filters(region="eu"))
            self._ingest(
                self._event(subscription, "3", dimensions={"region": "eu"}),
                self._event(subscription, "4", "2026-02-05", dimensions={"region": "eu"}),
            )
            self._rate()
        self.assertEqual(
            self._owed(subscription),
            [("2026-01-01", "2026-02-01", 13), ("2026-02-01", "2026-03-01", 20)],
        )

    def test_a_filtered_charge_can_be_added_to_a_plan_with_periods_that_are_over(self):
        subscription = self._subscribe("2025-12-01")
        self._bill()
        self.assertTrue(subscription.fusion_last_invoice_date)
        charge = self._charge(filter_ids=self._filters(region="eu"))
        self.assertEqual(charge.valid_from, date(2026, 1, 20))
        self.assertFalse(charge._is_rated())

    def test_a_filtered_charge_can_be_added_on_the_day_on_which_a_subscription_is_closed(self):
        subscription = self._subscribe("2025-12-01")
        subscription._fusion_close()
        self.assertEqual(subscription.fusion_last_invoice_date, date(2026, 1, 21))
        charge = self._charge(filter_ids=self._filters(region="eu"))
        self.assertEqual((charge.valid_from, charge.filter_key), (TODAY, '{"region": ["eu"]}'))

    def test_r9_a_counter_whose_dimension_is_corrected_moves_from_charge_to_charge(self):
        self._charge(price_per_unit=5, filter_ids=self._filters(region="eu"))
        self._charge()
        subscription = self._subscribe()
        event = self._event(subscription, "10", dimensions={"region": "eu"}, idempotency_key="k")
        self._ingest(event)
        self._bill_at("2026-02-01")
        self._ingest({**event, "dimensions": {"region": "us"}})
        self._rate()
        self._bill_at("2026-03-01")
        credit = subscription.invoice_ids.sorted("id")[-1]
        self.assertEqual((credit.move_type, credit.amount_untaxed), ("out_refund", 40))

    def test_r1_two_filtered_charges_in_two_currencies_bill_usage_once_in_the_order_s(self):
        euro = self._foreign("EUR", {"2025-01-01": 0.5})
        self._charge(price_per_unit=5, filter_ids=self._filters(region="eu"))
        self._charge(
            price_per_unit=7, currency_id=euro.id, filter_ids=self._filters(region="eu, us")
        )
        self._charge(price_per_unit=9, currency_id=euro.id)
        self.assertEqual(self._amount_of({"region": "eu"}), 5)
        self.assertEqual(self._amount_of({"region": "us"}, None), 0)

    def test_a_copied_plan_has_the_same_filters(self):
        self._charge(filter_ids=self._filters(region="eu"))
        copy = self.plan.copy().charge_ids
        self.assertEqual(copy.filter_key, self.plan.charge_ids.filter_key)
        self.assertNotEqual(copy.filter_ids, self.plan.charge_ids.filter_ids)

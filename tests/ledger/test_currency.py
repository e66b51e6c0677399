"""Charges in another currency than the order, and orders in currencies with other rounding."""

from decimal import Decimal

from odoo.tests import freeze_time, tagged

from ..common import BillingCase


@tagged("post_install", "-at_install")
@freeze_time("2026-01-20")
class TestChargeInAnotherCurrency(BillingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.foreign = cls._foreign("EUR", {"2026-01-01": 0.5, "2026-01-20": 0.4, "2026-02-01": 0.8})
        cls.charge = cls._charge(price_per_unit=1, currency_id=cls.foreign.id)
        cls.subscription = cls._subscribe()
        cls.usage = cls._use(cls.subscription, 10)

    def _rating_on(self, moment):
        with freeze_time(moment):
            self.subscription._fusion_request_rating()
            self._rate()
        return self._rating(self.subscription)

    def test_an_open_period_is_converted_at_today_s_rate(self):
        for moment, rate, amount in (("2026-01-11", 2, 20), ("2026-01-25", 2.5, 25)):
            rating = self._rating_on(moment)
            self.assertEqual((rating.currency_rate, rating.amount), (rate, amount))

    def test_a_new_rate_alone_leaves_the_estimate_and_rate_now_takes_it_up(self):
        self._rating_on("2026-01-11")
        with freeze_time("2026-01-25"):
            self._rate()
            self.assertEqual(self._amounts(self.subscription), [20])
            self.subscription.action_fusion_rate_now()
            self.assertEqual(self._amounts(self.subscription), [25])

    def test_a_billed_period_is_converted_at_the_rate_of_its_last_day(self):
        self._bill_at("2026-02-05 00:00:00")
        self.assertEqual(self._invoiced(self.subscription), [25])
        self.assertEqual(self._rating(self.subscription).currency_rate, 2.5)

    def test_r9_late_usage_is_converted_at_the_rate_of_its_own_period(self):
        self._bill_at("2026-02-05")
        self.env["res.currency.rate"].search(
            [("currency_id", "=", self.foreign.id), ("name", "=", "2026-02-01")]
        ).rate = 0.1
        self.usage.quantity = 12
        self._bill_at("2026-03-01")
        self.assertEqual(self._invoiced(self.subscription), [25, 5])

    def test_the_ledger_names_both_currencies_and_keeps_the_exact_amount_in_the_charge_s(self):
        rating = self._rating_on("2026-01-25")
        self.assertEqual(rating.charge_currency_id, self.foreign)
        self.assertEqual(rating.currency_id, self.currency)
        self.assertEqual(self._numeric_text(rating, "amount_exact"), "10")

    def test_m1_the_amount_is_the_exact_one_times_the_rate_that_is_shown(self):
        self.env["res.currency.rate"].search([("currency_id", "=", self.foreign.id)]).rate = 0.3
        self.charge.price_per_unit = "0.1234567891"
        self.usage.quantity = "987654321.123456"
        rating = self._rating_on("2026-01-25")
        exact = Decimal("987654321.123456") * Decimal("0.1234567891")
        self.assertEqual(Decimal(self._numeric_text(rating, "amount_exact")), exact)
        rate = Decimal(self._numeric_text(rating, "currency_rate"))
        self.assertEqual(Decimal(self._numeric_text(rating, "amount")), round(exact * rate, 2))

    def test_m2_it_is_rounded_once_after_the_conversion(self):
        self.charge.price_per_unit = "0.0006"
        self.assertEqual(self._rating_on("2026-01-11").amount, 0.01)

    def test_minimum_and_maximum_are_in_the_charge_s_currency(self):
        self.charge.version_id.write({"minimum_amount": 15})
        self.assertEqual(self._rating_on("2026-01-11").amount, 30)
        self.charge.version_id.write({"minimum_amount": 0, "maximum_amount": 4})
        self.assertEqual(self._rating_on("2026-01-11").amount, 8)

    def test_r7_without_a_rate_nothing_is_billed_at_one_to_one(self):
        self.env["res.currency.rate"].search([("currency_id", "=", self.foreign.id)]).unlink()
        with freeze_time("2026-02-05"):
            self._bill()
        self.assertFalse(self.subscription.invoice_ids)
        self.assertIn("add an exchange rate of EUR", self.subscription.fusion_error)

    def test_a_stretch_before_a_plan_change_is_converted_at_its_own_end(self):
        other = self._plan("other")
        self._charge(plan=other, currency_id=self.foreign.id)
        self._use(self.subscription, 10, "2026-01-25")
        with freeze_time("2026-01-15"):
            self.subscription._fusion_change_plan(other)
        self._rate_at("2026-02-05")
        self.assertEqual(
            self._owed(self.subscription),
            [("2026-01-01", "2026-01-15", 20), ("2026-01-15", "2026-02-01", 25)],
        )


@tagged("post_install", "-at_install")
@freeze_time("2026-01-20")
class TestRoundingOfTheOrder(BillingCase):
    """M2: one rounding, to the order's currency, half away from zero."""

    def _bill_in(self, name, rounding, price, quantity=1):
        """A subscription with one charge in the order's currency, invoiced as the ledger says."""
        currency = self._foreign(name, {"2020-01-01": 2})
        currency.rounding = rounding
        pricelist = self.env["product.pricelist"].create({"name": name, "currency_id": currency.id})
        self._charge(price_per_unit=price, currency_id=currency.id)
        subscription = self._subscribe(pricelist_id=pricelist.id)
        self.assertEqual(subscription.currency_id, currency)
        self._use(subscription, quantity)
        self._bill_at("2026-02-01")
        self.assertFalse(subscription.fusion_error)
        self.assertEqual(
            self._invoiced(subscription), subscription.fusion_rating_ids.mapped("amount")
        )
        return subscription

    def test_m2_a_currency_without_cents_is_billed_in_whole_units(self):
        self.assertEqual(self._bill_in("JPY", 1, "0.5").fusion_rating_ids.amount, 1)

    def test_m2_a_currency_with_thousandths_keeps_them_on_order_and_invoice(self):
        self.assertEqual(self._bill_in("KWD", 0.001, "1.2345").fusion_rating_ids.amount, 1.235)

    def test_m2_a_currency_that_is_paid_in_steps_of_five_is_billed_in_them(self):
        self.assertEqual(self._bill_in("CHF", 0.05, "1.025").fusion_rating_ids.amount, 1.05)

    def test_r9_a_correction_in_thousandths_brings_the_bill_to_the_ledger(self):
        subscription = self._bill_in("KWD", 0.001, "0.0007")
        rating = subscription.fusion_rating_ids
        self.assertEqual(rating.amount, 0.001)
        self._use(subscription, 1)
        self._use(subscription, 1)
        self._rate_at("2026-02-02")
        self.assertEqual(rating.amount, 0.002)
        self._bill_at("2026-03-01")
        self.assertAlmostEqual(self._posted(rating), 0.002, 6)

    def test_r1_of_two_charges_in_two_currencies_the_order_s_own_bills_the_metric(self):
        """The other is the first on the plan, and would bill orders in a third currency."""
        euro = self._foreign("EUR", {"2020-01-01": 0.5})
        self._charge(price_per_unit=7, currency_id=euro.id, sequence=1)
        subscription = self._bill_in("KWD", 0.001, 3)
        self.assertEqual(subscription.fusion_rating_ids.charge_currency_id.name, "KWD")
        home = self._subscribe()
        self._use(home, 1)
        self._bill_at("2026-02-01")
        self.assertEqual(self._invoiced(home), [14])

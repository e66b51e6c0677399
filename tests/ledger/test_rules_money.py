"""The money rules M1 to M4: no digit and no cent gets lost between an app and an invoice."""

from decimal import ROUND_HALF_UP, Decimal

from odoo import Command
from odoo.tests import freeze_time, tagged

from ..common import BillingCase


class MoneyCase(BillingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.company.currency_id.active = True

    def _currency(self, code):
        currency = (
            self.env["res.currency"].with_context(active_test=False).search([("name", "=", code)])
        )
        currency.active = True
        return currency

    def _subscribe_in(self, currency, start="2026-01-01", **vals):
        pricelist = self.env["product.pricelist"].create(
            {"name": currency.name, "currency_id": currency.id}
        )
        return self._subscribe(start, pricelist_id=pricelist.id, **vals)

    def _rated(self, quantity, charge_vals, currency=None):
        """The ledger row for a quantity that an app pushed, in a currency."""
        currency = currency or self.currency
        self._charge(currency_id=currency.id, **charge_vals)
        subscription = self._subscribe_in(currency)
        self._ingest(self._event(subscription, quantity))
        self._rate()
        return self._rating(subscription)

    def _bill_in_february(self):
        with freeze_time("2026-02-01 06:00:00"):
            self._bill()


@tagged("post_install", "-at_install")
@freeze_time("2026-01-20")
class TestExactAmounts(MoneyCase):
    """M1: exact from the JSON text to the ledger, read back as PostgreSQL holds it."""

    def test_m1_18_and_6_digits_reach_the_ledger_as_they_were_sent(self):
        quantity = "123456789012345678.123456"
        rating = self._rated(quantity, {"price_per_unit": 0.000125})
        usage = rating.subscription_id.fusion_usage_ids
        self.assertEqual(self._numeric_text(usage, "quantity"), quantity)
        self.assertEqual(self._numeric_text(rating, "quantity"), quantity)
        self.assertEqual(self._numeric_text(rating, "billable_quantity"), quantity)
        self.assertEqual(
            Decimal(self._numeric_text(rating, "amount_exact")), Decimal("15432098626543.209765432")
        )
        self.assertEqual(
            Decimal(self._numeric_text(rating, "amount")), Decimal("15432098626543.21")
        )

    def test_m1_a_sum_of_counters_keeps_every_digit(self):
        self._charge()
        subscription = self._subscribe()
        self._ingest(
            *(self._event(subscription, "999999999999999999.999999") for _number in range(11))
        )
        self._rate()
        self.assertEqual(
            self._numeric_text(self._rating(subscription), "quantity"),
            "10999999999999999999.999989",
        )

    def test_m1_a_tenth_and_two_tenths_are_three_tenths(self):
        self._charge(included_quota=0.3)
        subscription = self._subscribe()
        self._ingest(self._event(subscription, "0.1"), self._event(subscription, "0.2"))
        self._rate()
        rating = self._rating(subscription)
        self.assertEqual(Decimal(self._numeric_text(rating, "billable_quantity")), 0)
        self.assertEqual(Decimal(self._numeric_text(rating, "amount_exact")), 0)

    def test_m1_55_times_0_067_is_exact_and_can_be_invoiced(self):
        rating = self._rated("55", {"price_per_unit": 0.067})
        self.assertEqual(self._numeric_text(rating, "amount_exact"), "3.685")
        self._bill_in_february()
        invoice = rating.subscription_id.invoice_ids
        self.assertEqual((invoice.state, invoice.amount_untaxed), ("posted", 3.69))

    def test_m1_prices_of_fractions_of_a_cent_are_kept(self):
        rating = self._rated("1234567.891", {"price_per_unit": 0.000125})
        self.assertEqual(self._numeric_text(rating.version_id, "price_per_unit"), "0.0001250000")
        self.assertEqual(self._numeric_text(rating, "amount_exact"), "154.320986375")
        self.assertEqual(rating.amount, 154.32)

    def test_m1_a_price_for_a_batch_is_divided_exactly(self):
        rating = self._rated("1", {"price_per_unit": 1, "unit_batch": 3})
        self.assertEqual(self._numeric_text(rating, "amount_exact"), "0." + "3" * 40)

    def test_m1_what_is_included_is_taken_off_exactly(self):
        rating = self._rated("1000000000.000001", {"included_quota": 1000000000})
        self.assertEqual(self._numeric_text(rating, "amount_exact"), "0.000001")
        self.assertEqual(
            Decimal(self._numeric_text(rating, "billable_quantity")), Decimal("0.000001")
        )

    def test_m1_what_staff_type_is_stored_as_typed(self):
        charge = self._charge()
        usage = self._use(self._subscribe(), 1)
        for record, column, typed, stored in (
            (charge, "included_quota", 1073741824, "1073741824.000000"),
            (charge, "unit_batch", 1e12, "1000000000000.000000"),
            (charge, "price_per_unit", 150000.01, "150000.0100000000"),
            (charge, "price_per_unit", 0.000125, "0.0001250000"),
            (usage, "quantity", 123456789012.34, "123456789012.340000"),
        ):
            record[column] = typed
            holder = record.version_id if record == charge else record
            self.assertEqual(self._numeric_text(holder, column), stored)
            self.assertEqual(record[column], typed)
            copied = record.copy({column: typed, "active": False} if record == charge else {})
            holder = copied.version_id if record == charge else copied
            self.assertEqual(self._numeric_text(holder, column), stored)

    def test_m1_a_gigabyte_included_and_used_is_not_one_batch_too_many(self):
        charge = self._charge(
            charge_model="package", included_quota=1073741824, unit_batch=1073741824
        )
        subscription = self._subscribe()
        self._use(subscription, 1073741824)
        self._rate()
        self.assertEqual(self._rating(subscription).amount_exact, 0)
        self._use(subscription, 1073741824)
        self._rate()
        self.assertEqual(self._rating(subscription).amount_exact, charge.price_per_unit)

    def test_m1_max_last_and_unique_count_are_exact_too(self):
        exact = "123456789012345678.123456"
        for aggregation, expected in (("max", exact), ("last", exact), ("unique_count", "2")):
            plan = self._plan(aggregation)
            metric = self._metric(aggregation, aggregation=aggregation)
            self._charge(metric, plan)
            subscription = self._subscribe(plan=plan)
            self._ingest(
                self._event(subscription, "123456789012345678.123455", metric=metric),
                self._event(subscription, exact, metric=metric),
            )
            self._rate()
            rating = self._rating(subscription, metric=metric)
            self.assertEqual(
                Decimal(self._numeric_text(rating, "quantity")), Decimal(expected), aggregation
            )

    def test_m1_the_breakdown_holds_decimals_as_text(self):
        rating = self._rated("55", {"price_per_unit": 0.067})
        self.assertEqual(Decimal(rating.breakdown["amount"]), Decimal("3.685"))
        self.assertEqual(rating.breakdown["quantity"], "55")
        self.assertIsInstance(rating.breakdown["lines"][0]["amount"], str)


@tagged("post_install", "-at_install")
@freeze_time("2026-01-20")
class TestRounding(MoneyCase):
    """M2: one rounding, half away from zero, to the currency; and the lines sum to the total."""

    def test_m2_half_a_cent_is_rounded_away_from_zero(self):
        for quantity, amount in (
            ("0.005", "0.01"),
            ("0.0049999", "0.00"),
            ("2.675", "2.68"),
            ("1.005", "1.01"),
            ("1.115", "1.12"),
            ("0.125", "0.13"),
            ("8.345", "8.35"),
        ):
            metric, plan = self._metric(quantity), self._plan(quantity)
            self._charge(metric, plan)
            subscription = self._subscribe(plan=plan)
            self._ingest(self._event(subscription, quantity, metric=metric))
            self._rate()
            rating = self._rating(subscription, metric=metric)
            self.assertEqual(
                Decimal(self._numeric_text(rating, "amount")), Decimal(amount), quantity
            )

    def test_m2_yen_have_no_decimals(self):
        rating = self._rated("2.5", {"price_per_unit": 1}, self._currency("JPY"))
        self.assertEqual(Decimal(self._numeric_text(rating, "amount")), 3)
        self._bill_in_february()
        invoice = rating.subscription_id.invoice_ids
        self.assertEqual(invoice.currency_id.name, "JPY")
        self.assertEqual(invoice.amount_untaxed, 3)

    def test_m2_dinars_have_three_decimals(self):
        rating = self._rated("1.2345", {"price_per_unit": 1}, self._currency("KWD"))
        self.assertEqual(Decimal(self._numeric_text(rating, "amount")), Decimal("1.235"))
        self._bill_in_february()
        invoice = rating.subscription_id.invoice_ids
        self.assertEqual(invoice.currency_id.name, "KWD")
        self.assertEqual(invoice.amount_untaxed, 1.235)

    def test_m2_a_currency_of_five_cent_steps_is_rounded_to_five_cents(self):
        currency = self._currency("CHF")
        currency.rounding = 0.05
        rating = self._rated("1.025", {"price_per_unit": 1}, currency)
        self.assertEqual(Decimal(self._numeric_text(rating, "amount")), Decimal("1.05"))
        self._bill_in_february()
        self.assertEqual(rating.subscription_id.invoice_ids.amount_untaxed, 1.05)

    def test_m2_81_rounded_lines_sum_to_the_total(self):
        metrics = [self._metric(f"m{number}") for number in range(81)]
        for metric in metrics:
            self._charge(metric, price_per_unit=0.0333)
        subscription = self._subscribe()
        self._ingest(
            *(
                self._event(subscription, f"{number}.5", metric=metric)
                for number, metric in enumerate(metrics)
            )
        )
        self._bill_in_february()
        cents = Decimal("0.01")
        expected = sum(
            (Decimal(f"{number}.5") * Decimal("0.0333")).quantize(cents, ROUND_HALF_UP)
            for number in range(81)
        )
        invoice = subscription.invoice_ids
        self.assertEqual(len(invoice.invoice_line_ids), 81)
        self.assertEqual(Decimal(str(invoice.amount_total)), expected)
        self.assertEqual(
            sum(Decimal(str(line.price_subtotal)) for line in invoice.invoice_line_ids), expected
        )
        self.assertEqual(
            sum(
                Decimal(self._numeric_text(rating, "amount"))
                for rating in subscription.fusion_rating_ids
            ),
            expected,
        )

    def test_m2_the_invoice_s_amount_is_the_ledger_s_with_any_tax(self):
        tax = self.env["account.tax"].create({"name": "VAT 20%", "amount": 20})
        self.usage_product.taxes_id = tax
        rating = self._rated("55", {"price_per_unit": 0.067})
        self._bill_in_february()
        invoice = rating.subscription_id.invoice_ids
        self.assertEqual(invoice.amount_untaxed, 3.69)
        self.assertEqual(invoice.amount_tax, 0.74)

    def test_m2_price_precision_of_products_does_not_round_a_line_again(self):
        self.env.ref("product.decimal_price").digits = 1
        rating = self._rated("55", {"price_per_unit": 0.067})
        self._bill_in_february()
        self.assertEqual(rating.subscription_id.invoice_ids.amount_untaxed, 3.69)

    def test_m2_a_pricelist_s_discount_does_not_touch_usage(self):
        pricelist = self.env["product.pricelist"].create(
            {
                "name": "Half",
                "currency_id": self.currency.id,
                "item_ids": [
                    Command.create(
                        {
                            "compute_price": "percentage",
                            "percent_price": 50,
                            "applied_on": "3_global",
                        }
                    )
                ],
            }
        )
        self._charge()
        subscription = self._subscribe(pricelist_id=pricelist.id)
        self._ingest(self._event(subscription, "10"))
        self._bill_in_february()
        self.assertEqual(self._invoiced(subscription), [10])

    def test_m3_an_amount_in_one_currency_is_never_billed_as_that_number_of_another(self):
        yen = self._currency("JPY")
        self._charge(currency_id=yen.id, price_per_unit=1)
        subscription = self._subscribe()
        self._ingest(self._event(subscription, "5000"))
        yen.rate_ids.unlink()
        self._bill_in_february()
        self.assertFalse(subscription.invoice_ids)
        self.assertFalse(subscription.fusion_rating_ids)
        self.assertIn("add an exchange rate", subscription.fusion_error)
        yen.rate_ids = [Command.create({"name": "2025-12-31", "rate": 150})]
        self._bill_in_february()
        self.assertEqual(self._invoiced(subscription), [33.33])
        self.assertFalse(subscription.fusion_error)


@tagged("post_install", "-at_install")
@freeze_time("2026-01-20")
class TestWording(MoneyCase):
    """M4: a line says in words what was used, included and billed, and for which dates."""

    def _line_name(self, quantity="1250.5", **vals):
        self._charge(included_quota=1000, price_per_unit=0.1, **vals)
        subscription = self._subscribe()
        self._ingest(self._event(subscription, quantity))
        self._bill_in_february()
        return subscription.invoice_ids.invoice_line_ids.name.replace("\N{THIN SPACE}", " ")

    def test_m4_the_invoice_line_names_metric_dates_used_included_and_billed(self):
        self.assertEqual(
            self._line_name(),
            "API calls, Jan 1 – 31, 2026\n1,250.5 used, 1,000 included, 250.5 billed\n"
            "250.5 × $0.10 = $25.05",
        )

    def test_m4_no_digit_of_the_quantity_is_dropped(self):
        self.assertIn(
            "123,456,789,012,345,678.123456 used",
            self._line_name("123456789012345678.123456", unit_batch=1000000),
        )

    def test_m4_a_french_customer_reads_french_dates_numbers_and_names(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.calls.with_context(lang="fr_FR").name = "Appels API"
        self.partner.lang = "fr_FR"
        name = self._line_name()
        self.assertIn("Appels API, 1–31 janv. 2026", name)
        self.assertIn("1\N{NARROW NO-BREAK SPACE}250,5", name)
        self.assertIn("250,5", name)

    def test_m4_staff_s_own_language_does_not_decide(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.env.user.lang = "fr_FR"
        self.partner.lang = "en_US"
        self.env.invalidate_all()
        self.assertIn("1,250.5 used", self._line_name())

    def test_m4_a_recurring_fee_names_its_dates(self):
        with freeze_time("2026-01-01"):
            subscription = self._subscribe(products=self.fee_product)
            self._bill()
        name = subscription.invoice_ids.invoice_line_ids.name.replace("\N{THIN SPACE}", " ")
        self.assertIn("Pro subscription", name)
        self.assertIn("Jan 1 – 31, 2026", name)

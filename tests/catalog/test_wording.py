"""Prices and ratings in words: every model, every digit."""

from datetime import date

from lxml import html

from odoo.tests import freeze_time, tagged

from ..common import BillingCase

TIERS = [
    (0, 0, {"sequence": 1, "up_to": 100, "unit_amount": 3, "flat_amount": 5, "rate": 2}),
    (0, 0, {"sequence": 2, "up_to": 0, "unit_amount": 2.5, "unit_batch": 10, "rate": 1.5}),
]


class WordingCase(BillingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.usd = cls.env.ref("base.USD")
        cls.company.currency_id = cls.usd

    def _price(self, **vals):
        return self._charge(currency_id=self.usd.id, **vals)


@tagged("post_install", "-at_install")
class TestPriceInWords(WordingCase):
    def _assert_words(self, words, **vals):
        charge = self._price(**vals)
        self.assertEqual(charge.price_summary, words)
        self.assertEqual(charge.version_ids.terms_in_words, words)

    def test_standard_reads_as_a_price_per_batch(self):
        self._assert_words(
            "10,000 API calls included, then $0.50 per 1,000, pro rata",
            included_quota=10000,
            price_per_unit=0.5,
            unit_batch=1000,
        )

    def test_a_batch_of_one_reads_as_a_price_each(self):
        self._assert_words("$2.00 each", price_per_unit=2)

    def test_m1_no_digit_of_a_small_price_is_lost(self):
        self._assert_words("$0.000125 each", price_per_unit=0.000125)

    def test_no_price_reads_as_free(self):
        self._assert_words(
            "5 API calls included, then free of charge", included_quota=5, price_per_unit=0
        )

    def test_package_names_the_started_batch(self):
        self._assert_words(
            "$2.00 for each started 10", charge_model="package", price_per_unit=2, unit_batch=10
        )

    def test_percentage_names_rate_fee_and_bounds(self):
        self._assert_words(
            "2.9 % of the amount plus $0.30 per period, at least $1.00, at most $500.00",
            charge_model="percentage",
            rate=2.9,
            fixed_amount=0.3,
            minimum_amount=1,
            maximum_amount=500,
        )
        self._assert_words(
            "1.5 % of the amount",
            charge_model="percentage",
            rate=1.5,
            metric_id=self._metric("money").id,
        )

    def test_tiers_read_from_the_lowest_to_the_highest(self):
        for model, words in (
            (
                "graduated",
                "Each unit at the price of its tier: $3.00 + $5.00 up to 100;"
                " $2.50 for each started 10 above",
            ),
            (
                "volume",
                "All units at the price of the tier reached: $3.00 + $5.00 up to 100;"
                " $2.50 for each started 10 above",
            ),
            ("stairstep", "The flat amount of the tier reached: $5.00 up to 100; $0.00 above"),
            (
                "graduated_percentage",
                "The rate of each tier on the money in it: 2 % + $5.00 up to 100; 1.5 % above",
            ),
        ):
            with self.subTest(model=model):
                self._assert_words(
                    words, charge_model=model, tier_ids=TIERS, metric_id=self._metric(model).id
                )

    def test_every_charge_model_has_words(self):
        field = self.env["fusion.billing.charge.version"]._fields["charge_model"]
        for model, _label in field.selection:
            charge = self._price(
                charge_model=model, tier_ids=TIERS, metric_id=self._metric(model).id
            )
            self.assertTrue(charge.price_summary)

    def test_a_charge_that_is_not_complete_says_nothing_yet(self):
        self.assertFalse(self.env["fusion.billing.charge"].new({}).price_summary)

    def test_filters_read_as_conditions(self):
        charge = self._price(
            filter_ids=[
                (0, 0, {"dimension": "region", "dimension_values": "us, eu"}),
                (0, 0, {"dimension": "model", "dimension_values": "large"}),
            ]
        )
        self.assertEqual(
            set(charge.filter_summary.split(", ")), {"region = eu / us", "model = large"}
        )

    def test_numbers_read_in_the_language_of_the_reader(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        charge = self._price(price_per_unit=1234.5)
        self.assertIn("1\u202f234,50", charge.with_context(lang="fr_FR").price_summary)


@tagged("post_install", "-at_install")
@freeze_time("2026-01-20")
class TestReceipt(WordingCase):
    def _rated(self, quantity, order=None, **charge):
        """The ledger's row of a month with one counter."""
        price = self._price(**charge)
        subscription = self._subscribe(plan=price.plan_id, **order or {})
        self._use(subscription, quantity)
        self._rate()
        return self._rating(subscription)

    def _receipt(self, quantity, order=None, **charge):
        """The receipt's cells, row by row, of a month with one counter."""
        return self._rows(self._rated(quantity, order, **charge))

    def _rows(self, rating):
        table = html.fromstring(str(rating.receipt))
        return [
            tuple(" ".join(cell.text_content().split()) for cell in row.iter("td"))
            for row in table.iter("tr")
        ]

    def test_it_leads_from_what_was_used_to_the_rounded_amount(self):
        self.assertEqual(
            self._receipt(12736, included_quota=10000, price_per_unit=0.5, unit_batch=1000),
            [
                ("Used", "12,736"),
                ("Included in the plan", "10,000"),
                ("To bill", "2,736"),
                ("2,736 at $0.50 per 1,000", "$1.368"),
                ("Exact amount", "$1.368"),
                ("Amount, rounded", "$1.37"),
            ],
        )

    def test_each_kind_of_line_says_how_its_amount_comes_about(self):
        for vals, quantity, line in (
            ({"price_per_unit": 2}, 3, ("3 at $2.00 each", "$6.00")),
            (
                {"charge_model": "package", "price_per_unit": 2, "unit_batch": 10},
                23.5,
                ("23.5 in 3 batches of 10, at $2.00 each", "$6.00"),
            ),
            ({"charge_model": "percentage", "rate": 2.9}, 1000, ("2.9 % of 1,000", "$29.00")),
            (
                {"charge_model": "percentage", "rate": 2.9, "fixed_amount": 0.3},
                1000,
                ("Fixed fee", "$0.30"),
            ),
            (
                {"charge_model": "graduated", "tier_ids": TIERS},
                150,
                ("Tier 1 (above 0, up to 100): 100 at $3.00 each", "$300.00"),
            ),
            (
                {"charge_model": "graduated", "tier_ids": TIERS},
                150,
                ("Tier 2 (above 100): 50 in 5 batches of 10, at $2.50 each", "$12.50"),
            ),
            (
                {"charge_model": "stairstep", "tier_ids": TIERS},
                50,
                ("Tier 1 (above 0, up to 100): Flat amount", "$5.00"),
            ),
            ({"minimum_amount": 20}, 3, ("True-up to the minimum of $20.00", "$17.00")),
            ({"maximum_amount": 20}, 30, ("Cap at the maximum of $20.00", "-$10.00")),
        ):
            with self.subTest(line=line):
                plan = self._plan("-".join("".join(line).split()))
                self.assertIn(line, self._receipt(quantity, plan=plan, **vals))

    def test_a_converted_amount_shows_its_exchange_rate(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.env["res.currency.rate"].create(
            {
                "currency_id": euro.id,
                "name": "2026-01-01",
                "company_id": self.company.id,
                "company_rate": 0.8,
            }
        )
        pricelist = self.env["product.pricelist"].create({"name": "EUR", "currency_id": euro.id})
        rows = self._receipt(10, {"pricelist_id": pricelist.id}, price_per_unit=1)
        self.assertIn(("Exact amount", "$10.00"), rows)
        self.assertIn(("Exchange rate", "$1.00 = €0.80"), rows)
        self.assertEqual(rows[-1], ("Amount, rounded", "€8.00"))

    def test_usage_that_is_free_has_a_receipt_too(self):
        """A graduated price has no line below its quota."""
        rows = self._receipt(
            3, charge_model="graduated", included_quota=10, tier_ids=self._tiers((False, 1))
        )
        self.assertEqual(
            rows[:3], [("Used", "3"), ("Included in the plan", "10"), ("To bill", "0")]
        )

    def test_l1_what_is_billed_and_not_owed_any_more_says_so(self):
        rating = self._rated(3)
        self._bill_at("2026-02-01")
        rating.subscription_id._fusion_change_plan(self._plan("other"), date(2026, 1, 1))
        self._rate()
        self.assertEqual(
            self._rows(rating),
            [("Nothing is owed for these days any more.", ""), ("Amount, rounded", "$0.00")],
        )

    def test_r10_a_part_of_a_period_shows_its_share(self):
        rows = self._receipt(200, {"fusion_end_date": "2026-01-11"}, included_quota=310)
        self.assertIn("for 10 days: 10/31 of a full billing period", rows[1][0])
        self.assertIn(("Included in the plan", "100"), rows)

    def test_r10_a_part_of_a_level_shows_what_the_whole_period_would_cost(self):
        self.calls.aggregation = "max"
        rows = self._receipt(31, {"fusion_end_date": "2026-01-11"}, price_per_unit=1)
        self.assertIn(("31 at $1.00 each", "$31.00"), rows)
        self.assertEqual(rows[-2:], [("Exact amount", "$10.00"), ("Amount, rounded", "$10.00")])

    def test_f1_a_fee_says_what_a_full_period_costs_and_which_part_is_owed(self):
        subscription = self._subscribe(
            fusion_end_date="2026-01-11",
            order_line=[
                (
                    0,
                    0,
                    {
                        "product_id": self.fee_product.id,
                        "product_uom_qty": 2,
                        "price_unit": 31,
                        "discount": 50,
                    },
                )
            ],
        )
        self._rate()
        rows = self._rows(subscription.fusion_rating_ids)
        self.assertEqual(rows[0], ("2 × $31.00, 50 % off",))
        self.assertEqual(rows[-1], ("Amount, rounded", "$10.00"))

    def test_m4_the_period_reads_with_both_its_days(self):
        self.assertEqual(self._rated(3).period, "Jan 1\u2009–\u200931, 2026")

    def test_l2_what_is_due_is_what_is_owed_without_what_documents_settle(self):
        rating = self._rated(3, price_per_unit=2)
        self.assertEqual((rating.settled, rating.due), (0, 6))
        self._bill_at("2026-02-01")
        self.assertEqual((rating.settled, rating.due), (6, 0))

    def test_its_button_opens_the_counters_of_its_metric_and_period(self):
        self._price()
        subscription = self._subscribe()
        inside = self._use(subscription, 1, "2026-01-01") | self._use(
            subscription, 1, "2026-01-31 23:59:59"
        )
        self._use(subscription, 1, "2026-02-01")
        self._use(subscription, 1, metric=self._metric("other"))
        self._use(self._subscribe(), 1)
        self._rate()
        action = self._rating(subscription).action_view_usage()
        self.assertEqual(self.env[action["res_model"]].search(action["domain"]), inside)

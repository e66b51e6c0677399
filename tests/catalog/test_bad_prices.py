"""Prices that make no sense are refused when they are saved, with a sentence."""

from datetime import date

from psycopg2 import IntegrityError

from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from ..common import BillingCase

NAN = float("nan")


class RefusalCase(BillingCase):
    def _refuses(self, sentence, save):
        """Saving is refused with a sentence, and nothing of it is left.

        The sentence of a database constraint is that of its definition: see test_constraints.
        """
        self.env.flush_all()
        self.env.invalidate_all()
        before = self._everything()
        with self.assertRaises(Exception) as refused, mute_logger("odoo.sql_db"):
            save()
            self.env.flush_all()
        self.assertIsInstance(refused.exception, (UserError, IntegrityError))
        self.assertRegex(str(refused.exception), sentence)
        self.env.invalidate_all()
        self.assertEqual(self._everything(), before)

    def _everything(self):
        return [
            self.env[f"fusion.billing.charge{part}"]
            .with_context(active_test=False)
            .search([])
            .read(load=None)
            for part in ("", ".version", ".tier", ".filter")
        ]


@tagged("post_install", "-at_install")
class TestBadTiers(RefusalCase):
    """Every sentence about the table names the row."""

    BAD_TABLES = (
        ([], "There must be at least one tier"),
        ([(100, 1)], "Tier 1 is the last one and must have no end, but it ends at 100"),
        ([(100, 1), (200, 2)], "Tier 2 is the last one and must have no end"),
        ([(0, 1), (0, 2)], "Tier 1 has no end, but only the last tier may have none"),
        ([(100, 1), (50, 2), (0, 3)], "Tier 2 must end above 100, but it ends at 50"),
        ([(100, 1), (100, 2), (0, 3)], "Tier 2 must end above 100, but it ends at 100"),
        ([(100, 1), (200, 2), (200, 2), (0, 3)], "Tier 3 must end above 200"),
        ([(100, 1), (0, -1)], "Tier 2: .*negative"),
        ([(-100, 1), (0, 1)], "Tier 1: .*negative"),
        ([(100, 1), (200, 2, -0.5), (0, 1)], "Tier 2: .*negative"),
        ([(100, 1), (0, NAN)], "Price must be a number"),
    )

    def test_each_bad_table_is_refused_for_each_model_that_reads_it(self):
        for charge_model in ("graduated", "volume", "stairstep", "graduated_percentage"):
            for rows, sentence in self.BAD_TABLES:
                with self.subTest(model=charge_model, rows=rows):
                    self._refuses(
                        sentence,
                        lambda model=charge_model, rows=rows: self._charge(
                            charge_model=model, tier_ids=self._tiers(*rows)
                        ),
                    )

    def test_a_good_table_is_not_made_bad_by_an_edit(self):
        charge = self._charge(
            charge_model="graduated", tier_ids=self._tiers((100, 1), (200, 2), (0, 3))
        )
        first, second, last = charge.tier_ids
        for sentence, save in (
            ("Tier 2 must end above 300", lambda: first.write({"up_to": 300})),
            ("Tier 2: .*negative", lambda: second.write({"unit_amount": -1})),
            (
                "Tier 2: .*negative",
                lambda: charge.write({"tier_ids": [(1, second.id, {"flat_amount": -1})]}),
            ),
            ("Tier 3: .*negative", lambda: last.write({"unit_batch": -1})),
            ("Tier 2 is the last one", last.unlink),
            ("Tier 2 is the last one", lambda: charge.write({"tier_ids": [(2, last.id)]})),
            ("Tier 3 has no end", lambda: charge.write({"tier_ids": self._tiers((0, 1))})),
            ("at least one tier", lambda: charge.write({"tier_ids": [(5,)]})),
            ("at least one tier", charge.tier_ids.unlink),
            ("Tier 1 has no end", lambda: last.write({"sequence": 0})),
        ):
            with self.subTest(sentence):
                self._refuses(sentence, save)

    def test_a_model_without_tiers_is_not_turned_into_one_that_needs_them(self):
        charge = self._charge()
        self._refuses("at least one tier", lambda: charge.write({"charge_model": "volume"}))

    def test_a_tier_in_a_batch_is_named_by_its_place_in_the_table_it_joins(self):
        charge = self._charge(charge_model="volume", tier_ids=self._tiers((100, 1), (0, 2)))
        self._refuses(
            "Tier 3: .*negative", lambda: charge.write({"tier_ids": self._tiers((0, -2))})
        )


@tagged("post_install", "-at_install")
class TestBadNumbers(RefusalCase):
    NUMBERS = (
        "included_quota",
        "price_per_unit",
        "rate",
        "fixed_amount",
        "minimum_amount",
        "maximum_amount",
    )

    def test_m3_no_number_is_negative(self):
        charge = self._charge()
        for name in self.NUMBERS:
            with self.subTest(name):
                self._refuses("not_negative", lambda: charge.write({name: -0.01}))  # noqa: B023

    def test_no_number_is_not_a_number(self):
        charge = self._charge()
        for name in (*self.NUMBERS, "unit_batch"):
            with self.subTest(name):
                self._refuses("must be a number", lambda: charge.write({name: NAN}))  # noqa: B023

    def test_m3_a_batch_is_greater_than_zero(self):
        charge = self._charge()
        for batch in (0, -1, "0.0000001"):
            with self.subTest(batch):
                self._refuses("batch_positive", lambda: charge.write({"unit_batch": batch}))  # noqa: B023

    def test_a_minimum_above_the_maximum_is_refused_whichever_is_saved(self):
        charge = self._charge(minimum_amount=5, maximum_amount=9)
        sentence = "Minimum .* must not be greater than maximum"
        self._refuses(sentence, lambda: charge.write({"minimum_amount": 10}))
        self._refuses(sentence, lambda: charge.write({"maximum_amount": 4}))
        charge.write({"minimum_amount": 9})
        charge.write({"maximum_amount": 0})


@tagged("post_install", "-at_install")
class TestBadFilters(RefusalCase):
    def test_a_filter_needs_a_name_and_a_value(self):
        for dimension, values in (("", "eu"), (" ", "eu"), ("region", ""), ("region", " , ,")):
            with self.subTest(dimension=dimension, values=values):
                self._refuses(
                    "must have the|null value",
                    lambda: self._charge(
                        filter_ids=[
                            (
                                0,
                                0,
                                {
                                    "dimension": dimension,  # noqa: B023
                                    "dimension_values": values,  # noqa: B023
                                },
                            )
                        ]
                    ),
                )

    def test_a_dimension_stands_once_in_a_filter(self):
        self._refuses(
            "dimension_unique",
            lambda: self._charge(
                filter_ids=self._filters(region="eu") + self._filters(region="us")
            ),
        )

    def test_filters_that_could_take_the_same_usage_are_refused(self):
        self._charge(filter_ids=self._filters(region="eu, uk"))
        for other in (
            {"region": "uk, us"},
            {"region": "eu"},
            {"model": "a"},
            {"region": "uk", "model": "a"},
        ):
            with self.subTest(other):
                self._refuses("overlap", lambda: self._charge(filter_ids=self._filters(**other)))  # noqa: B023

    def test_filters_that_differ_in_one_dimension_are_welcome(self):
        self._charge(filter_ids=self._filters(region="eu", model="a"))
        self._charge(filter_ids=self._filters(region="eu", model="b"))
        self._charge(filter_ids=self._filters(region="us"))
        self._charge()
        self._refuses("plan_metric_unique|overlap", self._charge)

    def test_a_filter_does_not_come_to_overlap_by_an_edit_or_out_of_the_archive(self):
        self._charge(filter_ids=self._filters(region="eu"))
        other = self._charge(filter_ids=self._filters(region="us"))
        archived = self._charge(active=False, filter_ids=self._filters(region="eu, us"))
        elsewhere = self._charge(plan=self._plan("other"), filter_ids=self._filters(region="eu"))
        condition = other.filter_ids
        for save in (
            lambda: condition.write({"dimension_values": "us, eu"}),
            lambda: other.write({"filter_ids": [(1, condition.id, {"dimension_values": "eu"})]}),
            lambda: condition.write({"dimension": "model"}),
            lambda: archived.write({"active": True}),
            lambda: elsewhere.write({"plan_id": self.plan.id}),
        ):
            self._refuses("plan_metric_unique|overlap", save)


@tagged("post_install", "-at_install")
@freeze_time("2026-01-20")
class TestRatedChargesStay(RefusalCase):
    """What has a ledger is not turned into something else."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.charge = cls._charge(filter_ids=cls._filters(region="eu"))
        cls.storage = cls._metric("gb")
        cls.tiered = cls._charge(
            cls.storage, charge_model="volume", tier_ids=cls._tiers((10, 1), (0, 2))
        )
        cls.subscription = cls._subscribe()

    def setUp(self):
        super().setUp()
        self._ingest(
            self._event(self.subscription, "5", dimensions={"region": "eu"}),
            self._event(self.subscription, "5", metric=self.storage),
        )
        self._rate()

    def test_t2_a_rated_charge_keeps_its_plan_metric_currency_filters_and_proration(self):
        euro = self._foreign("EUR", {})
        condition = self.charge.filter_ids
        for save in (
            lambda: self.charge.write({"plan_id": self._plan("other").id}),
            lambda: self.charge.write({"metric_id": self._metric("other").id}),
            lambda: self.charge.write({"currency_id": euro.id}),
            lambda: self.charge.write({"prorate": False}),
            lambda: self.charge.write({"split_at_version": True}),
            lambda: self.charge.write({"filter_ids": [(5,)]}),
            lambda: self.charge.write({"filter_ids": self._filters(model="a")}),
            lambda: condition.write({"dimension_values": "us"}),
            lambda: self.env["fusion.billing.charge.filter"].create(
                {"charge_id": self.charge.id, "dimension": "model", "dimension_values": "a"}
            ),
            condition.unlink,
        ):
            self._refuses("has rated usage", save)

    def test_t2_a_rated_metric_keeps_its_aggregation(self):
        self._refuses("has been rated", lambda: self.calls.write({"aggregation": "max"}))
        self.calls.write({"aggregation": "sum", "name": "Calls"})

    def test_t2_a_version_does_not_start_in_an_invoiced_period(self):
        self._bill_at("2026-02-01")
        for day in (False, "2025-12-01", "2026-01-01", "2026-01-31"):
            with self.subTest(day):
                self._refuses(
                    "must start on 2026-02-01|valid_from_unique",
                    lambda day=day: self.charge.write(
                        {"version_ids": [(0, 0, {"valid_from": day})]}
                    ),
                )
        self.charge.write({"version_ids": [(0, 0, {"valid_from": "2026-02-01"})]})
        self._refuses(
            "start on 2026-02-01",
            lambda: self.charge.version_ids.sorted()[0].write({"valid_from": "2026-01-31"}),
        )

    def test_t2_the_prices_of_an_invoiced_period_stay(self):
        self._bill_at("2026-02-01")
        version, tiered = self.charge.version_id, self.tiered.version_id
        for save in (
            lambda: version.write({"price_per_unit": 9}),
            lambda: version.write({"valid_from": "2026-03-01"}),
            version.unlink,
            lambda: tiered.tier_ids[0].write({"unit_amount": 9}),
            lambda: tiered.tier_ids[0].unlink(),
            lambda: tiered.write({"tier_ids": self._tiers((20, 1))}),
            lambda: self.env["fusion.billing.charge.tier"].create(
                {"version_id": tiered.id, "up_to": 20}
            ),
        ):
            self._refuses("usage is billed at them", save)

    def test_t2_the_prices_of_a_period_that_is_over_stay_though_its_document_is_cancelled(self):
        self._bill_at("2026-02-01")
        self.subscription.invoice_ids.button_draft()
        self.subscription.invoice_ids.button_cancel()
        version = self.charge.version_id
        before = [(row.date_from, row.amount) for row in self.subscription.fusion_rating_ids]
        for refusal, save in (
            (
                "start on 2026-02-01",
                lambda: self.charge.write({"version_ids": [(0, 0, {"valid_from": "2026-01-15"})]}),
            ),
            ("usage is billed at them", lambda: version.write({"price_per_unit": 9})),
            ("usage is billed at them", version.unlink),
        ):
            self._refuses(refusal, save)
        with freeze_time("2026-02-05"):
            self.charge.price_per_unit = 9
            self._rate()
        after = [(row.date_from, row.amount) for row in self.subscription.fusion_rating_ids]
        self.assertEqual(after[-len(before) :], before)

    def test_two_versions_do_not_start_on_one_day(self):
        self.charge.write({"version_ids": [(0, 0, {"valid_from": date(2026, 3, 1)})]})
        self._refuses(
            "valid_from_unique",
            lambda: self.charge.write({"version_ids": [(0, 0, {"valid_from": date(2026, 3, 1)})]}),
        )

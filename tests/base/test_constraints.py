"""Every constraint and unique index of the database, by breaking it, with what it tells people."""

from psycopg2 import IntegrityError

from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged
from odoo.tools import SQL, mute_logger

from ...models.base.engine import as_engine
from ..common import BillingCase


class ConstraintCase(BillingCase):
    def assertRefused(self, constraint, sentence, action):
        """The database refuses an action by a constraint, which is shown as this sentence."""
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError) as refusal,
            self.env.cr.savepoint(),
        ):
            action()
            self.env.flush_all()
        error = refusal.exception
        self.assertEqual(error.diag.constraint_name, constraint)
        self.assertIn(sentence, self._model_of(error)._sql_error_to_message(error))

    def _model_of(self, error):
        """The model whose table refused, found as Odoo finds it for the message."""
        return next(
            self.env[model._name]
            for model in self.env.registry.values()
            if model._table == error.diag.table_name
        )


@tagged("post_install", "-at_install")
@freeze_time("2026-01-20")
class TestCatalogConstraints(ConstraintCase):
    def test_a_plan_s_code_is_unique_in_its_company(self):
        self.assertRefused(
            "fusion_billing_plan_code_unique",
            "the company has a plan with it",
            lambda: self._plan("pro"),
        )
        self._plan("pro", company_id=self.env["res.company"].create({"name": "Other"}).id)

    def test_a_billing_period_is_not_empty(self):
        for value in (0, -1, 1201):
            self.assertRefused(
                "fusion_billing_plan_billing_period_positive",
                "at least one week",
                lambda value=value: self._plan(f"p{value}", billing_period_value=value),
            )

    def test_a_metric_s_code_is_unique_in_its_company(self):
        self.assertRefused(
            "fusion_billing_metric_code_unique",
            "the company has a metric with it",
            lambda: self._metric("api_calls"),
        )

    def test_m3_prices_and_quotas_are_not_negative(self):
        for vals in ({"price_per_unit": -0.01}, {"included_quota": -1}):
            self.assertRefused(
                "fusion_billing_charge_version_amounts_not_negative",
                "must not be negative",
                lambda vals=vals: self._charge(**vals),
            )

    def test_m3_a_batch_is_positive(self):
        for batch in (0, -1000):
            self.assertRefused(
                "fusion_billing_charge_version_unit_batch_positive",
                "more than zero units",
                lambda batch=batch: self._charge(unit_batch=batch),
            )

    def test_m3_a_charge_has_a_currency(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self._charge(currency_id=False)

    def test_a_plan_charges_a_metric_once_in_a_currency(self):
        charge = self._charge()
        self.assertRefused(
            "fusion_billing_charge_plan_metric_unique",
            "cannot charge this usage in this currency twice",
            self._charge,
        )
        charge.active = False
        self._charge()
        self._charge(plan=self._plan("other"))

    def test_t2_a_charge_does_not_end_before_it_begins(self):
        charge = self._charge(valid_from="2026-01-10")
        self.assertRefused(
            "fusion_billing_charge_validity_valid",
            "must begin before it ends",
            lambda: charge.write({"valid_until": "2026-01-09"}),
        )
        charge.write({"valid_until": "2026-01-10"})

    def test_f1_a_fee_of_a_plan_has_a_quantity(self):
        for quantity in (0, -1):
            self.assertRefused(
                "fusion_billing_plan_fee_quantity_positive",
                "above zero",
                lambda quantity=quantity: self.env["fusion.billing.plan.fee"].create(
                    {
                        "plan_id": self.plan.id,
                        "product_id": self.fee_product.id,
                        "quantity": quantity,
                    }
                ),
            )

    def test_charges_without_plan_may_repeat_a_metric(self):
        first, second = self._charge(), self.env["fusion.billing.charge"]
        first.plan_id = False
        second = self._charge()
        second.plan_id = False
        self.env.flush_all()
        self.assertFalse((first | second).plan_id)


@tagged("post_install", "-at_install")
@freeze_time("2026-01-20")
class TestServiceConstraints(ConstraintCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.service = cls._service("nexa")

    def test_a_service_s_code_is_unique_in_its_company(self):
        self.assertRefused(
            "fusion_billing_service_code_unique",
            "the company has a service with it",
            lambda: self.env["fusion.billing.service"].create({"name": "M", "code": "nexa"}),
        )

    def test_a_customer_id_of_a_service_means_one_customer(self):
        self._link("cust-1")
        self.assertRefused(
            "fusion_billing_account_link_external_id_unique",
            "cannot link this external id again",
            lambda: self._link("cust-1"),
        )

    def test_a_customer_id_is_not_empty(self):
        for empty in (" ", "   "):
            self.assertRefused(
                "fusion_billing_account_link_external_id_not_empty",
                "must not be empty",
                lambda empty=empty: self._link(empty),
            )

    def test_a2_two_keys_never_share_a_hash(self):
        self.service._generate_api_key()
        self.service._generate_api_key()
        first, second = self.service.api_key_ids.sudo()
        self.assertRefused(
            "fusion_billing_api_key_key_hash_unique",
            "",
            lambda: first.write({"key_hash": second.key_hash}),
        )

    def test_a_subscription_s_external_id_is_unique_in_its_service(self):
        vals = {"fusion_service_id": self.service.id, "fusion_external_id": "sub-1"}
        self._subscribe(**vals)
        self.assertRefused(
            "sale_order_fusion_external_id_unique",
            "cannot use this external id again",
            lambda: self._subscribe(**vals),
        )
        other = self.env["fusion.billing.service"].create({"name": "M", "code": "other"})
        self._subscribe(**{**vals, "fusion_service_id": other.id})


@tagged("post_install", "-at_install")
@freeze_time("2026-01-20")
class TestUsageConstraints(ConstraintCase):
    def test_u3_a_key_stands_once_for_a_subscription_and_metric(self):
        subscription = self._subscribe()
        self._use(subscription, 1, idempotency_key="k")
        self.assertRefused(
            "fusion_billing_usage_idempotency_key_unique",
            "cannot use this idempotency key again",
            lambda: self._use(subscription, 2, idempotency_key="k"),
        )
        self._use(subscription, 3)
        self._use(subscription, 3)

    def test_m1_a_quantity_is_a_number_from_zero_to_below_ten_to_the_eighteenth(self):
        subscription = self._subscribe()
        for quantity in ("-0.000001", "1e18", "NaN", "Infinity"):
            self.assertRefused(
                "fusion_billing_usage_quantity_valid",
                "from 0 to below 10^18",
                lambda quantity=quantity: self._ingest(self._event(subscription, quantity)),
            )
        self._ingest(
            self._event(subscription, "0"), self._event(subscription, "999999999999999999.999999")
        )

    def test_a_counter_s_period_ends_after_it_starts(self):
        subscription = self._subscribe()
        for end in ("2026-01-10 00:00:00", "2026-01-09 00:00:00"):
            self.assertRefused(
                "fusion_billing_usage_period_valid",
                "must end after it starts",
                lambda end=end: self._use(subscription, 1, "2026-01-10", period_end=end),
            )

    def test_a_subscription_with_usage_or_ratings_cannot_be_deleted(self):
        self._charge()
        subscription = self._subscribe()
        self._use(subscription, 1)
        self._rate()
        subscription._fusion_close()
        subscription._action_cancel()
        with self.assertRaises(UserError):
            subscription.unlink()
        self.assertRefused(
            "fusion_billing_usage_subscription_id_fkey",
            "",
            lambda: self.env.execute_query(
                SQL("DELETE FROM sale_order WHERE id = %s RETURNING id", subscription.id)
            ),
        )


@tagged("post_install", "-at_install")
@freeze_time("2026-01-20")
class TestLedgerConstraints(ConstraintCase):
    def setUp(self):
        super().setUp()
        self._charge()
        self.subscription = self._subscribe(products=[self.fee_product])
        self._use(self.subscription, 5)
        self._rate()
        self.rating = self._rating(self.subscription)

    def test_l1_a_charge_is_owed_once_for_each_stretch(self):
        self.assertRefused(
            "fusion_billing_rating_source_unique", "owed once", lambda: self.rating.copy()
        )

    def test_l1_what_is_owed_has_one_source(self):
        item = self.subscription.fusion_item_ids
        for vals in ({"charge_id": False}, {"item_id": item.id}):
            self.assertRefused(
                "fusion_billing_rating_source_one",
                "from a charge or from a recurring fee",
                lambda vals=vals: self.rating.write(vals),
            )

    def test_a_rated_stretch_ends_after_it_starts(self):
        self.assertRefused(
            "fusion_billing_rating_period_valid",
            "must end after it starts",
            lambda: self.rating.write({"date_until": "2026-01-01"}),
        )

    def test_quantities_and_amounts_of_usage_are_not_negative(self):
        for name in ("quantity", "included_quantity", "billable_quantity", "amount"):
            self.assertRefused(
                "fusion_billing_rating_usage_not_negative",
                "must not be negative",
                lambda name=name: self.rating.write({name: -1}),
            )

    def test_l6_the_usage_of_a_charge_stands_once_on_an_order(self):
        self.assertRefused(
            "sale_order_line_fusion_charge_unique",
            "a second line for the usage of a charge",
            lambda: as_engine(self.env["sale.order.line"]).create(
                {
                    "order_id": self.subscription.id,
                    "product_id": self.usage_product.id,
                    "fusion_charge_id": self.rating.charge_id.id,
                }
            ),
        )

    def test_what_rated_money_cannot_be_deleted(self):
        for record in (
            self.rating.charge_id,
            self.rating.metric_id,
            self.rating.plan_id,
            self.subscription.fusion_plan_id,
        ):
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError),
                self.env.cr.savepoint(),
            ):
                record.unlink()


@tagged("post_install", "-at_install")
@freeze_time("2026-01-20")
class TestSubscriptionConstraints(ConstraintCase):
    def test_a_running_subscription_has_plan_start_and_next_invoice_date(self):
        for name in ("fusion_plan_id", "fusion_start_date", "fusion_next_invoice_date"):
            subscription = self._subscribe()
            self.assertRefused(
                "sale_order_fusion_running_complete",
                "must have a plan, a start date and a next invoice date",
                lambda name=name, subscription=subscription: self.env.execute_query(
                    self._set_null(subscription, name)
                ),
            )

    def _set_null(self, subscription, name):
        return SQL(
            "UPDATE sale_order SET %s = NULL WHERE id = %s RETURNING id",
            SQL.identifier(name),
            subscription.id,
        )

    def test_t1_nobody_writes_what_the_timeline_says(self):
        subscription, other = self._subscribe("2026-01-10"), self._plan("other")
        for vals in (
            {"fusion_state": "6_churn"},
            {"fusion_next_invoice_date": "2026-01-20"},
            {"fusion_last_invoice_date": "2026-01-15"},
            {"fusion_end_date": "2026-03-01"},
            {"fusion_start_date": "2026-01-11"},
            {"fusion_anchor_date": "2026-01-01"},
            {"fusion_plan_id": other.id},
        ):
            with self.subTest(vals), self.assertRaisesRegex(UserError, "use its buttons"):
                subscription.write(vals)

    def test_t1_one_phase_begins_on_a_day(self):
        phase = self._subscribe().fusion_phase_ids
        self.assertRefused(
            "fusion_billing_phase_day_unique", "cannot begin two phases on the same day", phase.copy
        )

    def test_f2_a_fee_does_not_end_before_it_begins(self):
        item = self._subscribe(products=[self.fee_product]).fusion_item_ids
        self.assertRefused(
            "fusion_billing_item_days_valid",
            "must begin before it ends",
            lambda: item.write({"date_until": "2025-12-31"}),
        )

    def test_companies_are_not_mixed(self):
        other = self.env["res.company"].create({"name": "Other"})
        foreign_plan = self._plan("foreign", company_id=other.id)
        foreign_metric = self._metric("foreign", company_id=other.id)
        for action in (
            lambda: self._subscribe(plan=foreign_plan),
            lambda: self._charge(foreign_metric),
            lambda: self._use(self._subscribe(), 1, metric=foreign_metric),
        ):
            with self.assertRaisesRegex(UserError, "[Cc]ompan"), self.env.cr.savepoint():
                action()

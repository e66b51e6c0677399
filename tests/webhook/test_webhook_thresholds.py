from datetime import date
from unittest.mock import patch

from freezegun import freeze_time
from psycopg2.errors import CheckViolation

from odoo.exceptions import UserError, ValidationError
from odoo.tools import mute_logger

from ..webhook_case import WebhookCase, WebhookEventsCase


class TestThresholdEvents(WebhookEventsCase):
    """Apps are told once in a period that a threshold was reached."""

    def setUp(self):
        super().setUp()
        self.charge = self._charge(included_quota=1000, price_per_unit="0.5")
        self.subscription = self._subscribe(
            fusion_service_id=self.service.id, fusion_external_id="sub-1"
        )
        self._commit()
        self._begin()

    def _threshold(self, kind, value, **subject):
        subject = subject or {"charge_id": self.charge.id}
        return self.env["fusion.billing.threshold"].create(
            {"kind": kind, "threshold_value": value, **subject}
        )

    def _reach(self, quantity, start="2026-01-10"):
        self._use(self.subscription, quantity, start)
        self._rate()

    def test_a_part_of_the_quota_is_told_when_it_is_reached_and_once(self):
        self._threshold("percent", 80)
        self._reach("799.999999")
        self.assertTold()
        self._reach("0.000001", "2026-01-11")
        data = self.assertTold("usage.threshold_reached")
        self.assertEqual(
            data["threshold"],
            {"kind": "percent", "value": "80", "set_by": "staff", "is_budget": False},
        )
        self.assertEqual((data["quantity"], data["included"]), ("800", "1000"))
        self.assertEqual(data["external_id"], "sub-1")
        self.assertEqual(data["metric_code"], "api_calls")
        self.assertEqual((data["period_start"], data["period_end"]), ("2026-01-01", "2026-02-01"))
        self._reach("50", "2026-01-12")
        self._rate()
        self.assertTold()

    def test_the_next_period_is_told_again(self):
        self._threshold("percent", 50)
        self._reach("600")
        self.assertTold("usage.threshold_reached")
        with freeze_time("2026-02-10"):
            self._bill()
            self._commit()
            self._begin()
            self._reach("600", "2026-02-05")
        self.assertTold("usage.threshold_reached")

    def test_an_amount_of_a_charge_is_told(self):
        self._threshold("amount", "10.5")
        self._reach("1020.999998")
        self.assertTold()
        self._reach("0.000002", "2026-01-11")
        data = self.assertTold("usage.threshold_reached")
        self.assertEqual((data["amount"], data["currency"]), ("10.50", self.currency.name))

    def test_a_quota_of_a_subscription_is_of_each_of_its_charges(self):
        emails = self._metric("emails")
        self._charge(emails, included_quota=10, valid_from="2026-01-01")
        self._threshold("percent", 100, subscription_id=self.subscription.id)
        self._reach("1000")
        self.assertEqual(self.assertTold("usage.threshold_reached")["metric_code"], "api_calls")
        self._use(self.subscription, 10, metric=emails)
        self._rate()
        self.assertEqual(self.assertTold("usage.threshold_reached")["metric_code"], "emails")

    def test_an_amount_of_a_subscription_is_of_all_its_usage_together(self):
        emails = self._metric("emails")
        self._charge(emails, price_per_unit=1, valid_from="2026-01-01")
        self._threshold("amount", 30, subscription_id=self.subscription.id)
        self._reach("1040")
        self.assertTold()
        self._use(self.subscription, 10, metric=emails)
        self._rate()
        data = self.assertTold("usage.threshold_reached")
        self.assertEqual((data["amount"], data["metric_code"]), ("30.00", None))
        self._reach("1", "2026-01-12")
        self.assertTold()

    def test_several_thresholds_reached_at_once_are_all_told(self):
        for percent in (50, 80, 100):
            self._threshold("percent", percent)
        self._reach("900")
        self.assertTold("usage.threshold_reached", "usage.threshold_reached")

    def test_without_quota_no_part_of_it_is_reached(self):
        self.charge.included_quota = 0
        self._threshold("percent", 1)
        self._reach("5")
        self.assertTold()

    def test_a_threshold_of_another_subscription_is_not_told(self):
        other = self._subscribe()
        self._threshold("amount", 1, subscription_id=other.id)
        self._commit()
        self._begin()
        self._reach("2000")
        self.assertTold()

    # === ONCE IN A BILLING PERIOD === #

    def test_a_correction_below_it_and_above_it_again_is_not_told_again(self):
        self._threshold("percent", 80)
        self._threshold("amount", "10")
        self._reach("1100")
        self.assertTold("usage.threshold_reached", "usage.threshold_reached")
        for quantity in ("5", "2000"):
            self.subscription.fusion_usage_ids.quantity = quantity
            self._rate()
            self.assertEqual(self._rating(self.subscription).quantity, float(quantity))
            self.assertTold()

    def test_a_period_that_new_prices_split_is_one_period(self):
        """The parts are rated by themselves: what they cost counts together."""
        self.charge.split_at_version = True
        self.charge.write(
            {
                "version_ids": [
                    (
                        0,
                        0,
                        {
                            "valid_from": "2026-01-12",
                            "included_quota": 1000,
                            "price_per_unit": "0.5",
                        },
                    )
                ]
            }
        )
        self._threshold("percent", 80)
        self._threshold("amount", "100")
        # 11 of 31 days: 500 less 354.84 included; 20 days: 700 less 645.16
        self._reach("500")
        self.assertTold("usage.threshold_reached")
        self._reach("699.999999", "2026-01-13")
        self.assertEqual(len(self.subscription.fusion_rating_ids), 2)
        self.assertTold()
        self._reach("0.000001", "2026-01-14")
        self.assertEqual(self.assertTold("usage.threshold_reached")["amount"], "100.00")

    def test_a_period_in_which_the_plan_changes_is_one_period(self):
        business = self._plan("business")
        self._charge(plan=business, price_per_unit="0.5")
        self._threshold("amount", "30", subscription_id=self.subscription.id)
        # 14 of 31 days: 505 less 451.61 included is 26.69
        self._reach("505")
        self.subscription._fusion_change_plan(business, date(2026, 1, 15))
        self._commit()
        self._begin()
        self._use(self.subscription, 6, "2026-01-15")
        self._rate()
        self.assertTold()
        self._use(self.subscription, 1, "2026-01-15")
        self._rate()
        data = self.assertTold("usage.threshold_reached")
        self.assertEqual(data["amount"], "30.19")
        self.assertEqual((data["period_start"], data["period_end"]), ("2026-01-01", "2026-02-01"))
        self._use(self.subscription, 500, "2026-01-15")
        self._rate()
        self.assertTold()

    def test_usage_that_comes_late_reaches_the_threshold_of_its_own_period(self):
        """R9"""
        for kind, value, subject in (
            ("amount", "60", {"subscription_id": self.subscription.id}),
            ("amount", "70", {}),
            ("percent", "115", {}),
        ):
            self._threshold(kind, value, **subject)
        self._reach("1000")
        with freeze_time("2026-02-10"):
            self._bill()
            self._commit()
            self._begin()
            self._reach("140", "2026-01-31")
            told = self._new()
            self.assertEqual(set(told.mapped("event_type")), {"usage.threshold_reached"})
            self.assertEqual(
                {
                    (self._data(event)["amount"], self._data(event)["period_start"])
                    for event in told
                },
                {("70.00", "2026-01-01")},
            )
            self.assertEqual(len(told), 2)

    def test_a_rating_that_fails_has_reached_nothing(self):
        """R7, W3: rolled back with the rating, and told when it succeeds."""
        self._threshold("percent", 50)
        self._use(self.subscription, 600)
        order = type(self.env["sale.order"])
        with (
            patch.object(
                order, "_fusion_clear_failure", autospec=True, side_effect=lambda *_a: None
            ),
            patch.object(
                type(self.env["fusion.billing.rating.request"]),
                "_settle",
                side_effect=UserError("in the way"),
            ),
            mute_logger("odoo.addons.fusion_billing.models.subscription.sale_order_failure"),
        ):
            self._rate()
        self.assertTold()
        self._rate()
        self.assertTold("usage.threshold_reached")


class TestThresholdRules(WebhookCase):
    def test_a_threshold_has_one_subject_and_is_above_zero(self):
        charge = self._charge()
        subscription = self._subscribe()
        thresholds = self.env["fusion.billing.threshold"]
        for values in (
            {"threshold_value": 5},
            {"threshold_value": 0, "charge_id": charge.id},
            {"threshold_value": 5, "charge_id": charge.id, "subscription_id": subscription.id},
        ):
            with (
                self.subTest(values),
                self.assertRaises(CheckViolation),
                mute_logger("odoo.sql_db"),
                self.env.cr.savepoint(),
            ):
                thresholds.create(values)

    def test_an_order_without_plan_has_no_usage_to_watch(self):
        order = self.env["sale.order"].create({"partner_id": self.partner.id})
        with self.assertRaises(ValidationError):
            self.env["fusion.billing.threshold"].create(
                {"threshold_value": 5, "subscription_id": order.id}
            )

    def test_thresholds_of_a_charge_are_of_its_company(self):
        threshold = self.env["fusion.billing.threshold"].create(
            {"threshold_value": 80, "charge_id": self._charge().id}
        )
        self.assertEqual(threshold.company_id, self.company)
        self.assertEqual(threshold.display_name, "80 %")

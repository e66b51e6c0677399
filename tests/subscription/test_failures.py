"""R7: one bad subscription never stops a run; staff see what is wrong until it is put right."""

from odoo import Command
from odoo.exceptions import ConcurrencyError
from odoo.tests import freeze_time, new_test_user, tagged
from odoo.tools import mute_logger

from ..common import BillingCase

GUARD = "odoo.addons.fusion_billing.models.subscription.sale_order_failure"


class FailureCase(BillingCase):
    """One bad subscription between two good ones, each with its own plan and product."""

    @classmethod
    @freeze_time("2026-01-01")
    def setUpClass(cls):
        super().setUpClass()
        cls.bad_product = cls._product("Broken usage")
        cls.bad_plan = cls._plan("bad")
        cls._charge()
        cls._charge(plan=cls.bad_plan, product_id=cls.bad_product.id)
        cls.first = cls._subscribe()
        cls.bad = cls._subscribe(plan=cls.bad_plan)
        cls.last = cls._subscribe()
        for subscription in (cls.first, cls.bad, cls.last):
            cls._use(subscription, 5)

    def _restrict_product_to_another_company(self):
        """The order's company may not use the product any more: Odoo refuses the line."""
        self.bad_product.company_id = self.env["res.company"].create({"name": "Other"})

    def _archive_income_account(self):
        """The invoice can be made but not be posted."""
        account = self.env["account.account"].create(
            {"name": "Old income", "code": "999001", "account_type": "income"}
        )
        self.bad_product.property_account_income_id = account
        account.active = False
        return account

    def _bill_in_february(self):
        with freeze_time("2026-02-01 06:00:00"):
            self._bill()

    def _activities(self, subscription):
        return subscription.activity_ids.filtered(
            lambda activity: (
                activity.activity_type_id
                == self.env.ref("fusion_billing.mail_activity_type_failure")
            )
        )


@tagged("post_install", "-at_install")
class TestRatingFailure(FailureCase):
    def test_r7_every_other_subscription_is_rated(self):
        self._restrict_product_to_another_company()
        self._rate()
        self.assertEqual(self._usage_lines(self.first).price_unit, 5)
        self.assertEqual(self._usage_lines(self.last).price_unit, 5)
        self.assertFalse(self._usage_lines(self.bad))
        self.assertFalse(self.bad.fusion_rating_ids, "nothing is half written")

    def test_r7_the_failure_stands_on_the_record_as_a_sentence(self):
        self._restrict_product_to_another_company()
        self._rate()
        self.assertIn("Broken usage", self.bad.fusion_error)
        self.assertEqual(self.bad.fusion_error_step, "rating")
        self.assertFalse(self.first.fusion_error)
        self.assertNotIn("Traceback", self.bad.fusion_error)

    def test_that_somebody_was_faster_is_no_failure_of_a_subscription(self):
        def work(_order):
            raise ConcurrencyError("Another request has created this record just now.")

        with self.assertRaises(ConcurrencyError):
            self.first._fusion_try_each(work)
        with self.first._fusion_catch_failure("rating"):
            work(self.first)
        self.assertFalse(self.first.fusion_error)

    def test_r7_one_person_is_asked_once_however_often_it_fails(self):
        self._restrict_product_to_another_company()
        for _run in range(3):
            self._rate()
        activity = self._activities(self.bad)
        self.assertEqual(len(activity), 1)
        self.assertIn("Broken usage", activity.note)
        self.assertTrue(activity.user_id)
        self.assertFalse(self._activities(self.first))

    def test_r7_the_next_success_clears_banner_and_activity(self):
        self._restrict_product_to_another_company()
        self._rate()
        self.bad_product.company_id = False
        self._rate()
        self.assertFalse(self.bad.fusion_error)
        self.assertFalse(self.bad.fusion_error_step)
        self.assertFalse(self._activities(self.bad))
        self.assertEqual(self._usage_lines(self.bad).price_unit, 5)

    def test_r7_what_could_not_be_rated_stays_to_be_rated(self):
        self._restrict_product_to_another_company()
        self._rate()
        requests = self.env["fusion.billing.rating.request"]
        pending = requests._pending_subscription_ids(self.company)
        self.assertEqual(pending, [self.bad.id])

    def test_r7_the_salesperson_is_asked_and_else_a_billing_manager(self):
        seller = new_test_user(self.env, "seller", "sales_team.group_sale_salesman,base.group_user")
        self.bad.user_id = seller
        self._restrict_product_to_another_company()
        self._rate()
        self.assertEqual(self._activities(self.bad).user_id, seller)
        self._activities(self.bad).unlink()
        seller.active = False
        self._rate()
        asked = self._activities(self.bad).user_id
        self.assertTrue(asked.active)
        self.assertTrue(asked.has_group("fusion_billing.group_manager"))

    def test_r7_a_salesperson_without_access_does_not_stop_the_run(self):
        self.bad.user_id = new_test_user(self.env, "former", "base.group_user")
        self._restrict_product_to_another_company()
        self._rate()
        self.assertTrue(self.bad.fusion_error)
        self.assertEqual(len(self._activities(self.bad)), 1)
        self.assertEqual(self._usage_lines(self.last).price_unit, 5)

    def test_r7_what_nobody_foresaw_is_logged_and_shown_without_details(self):
        # A row that the database refuses: the sentence must not show its words.
        self.env.cr.execute(
            "ALTER TABLE fusion_billing_rating ADD CONSTRAINT unforeseen"
            " CHECK (subscription_id <> %s)",
            (self.bad.id,),
        )
        with self.assertLogs(GUARD, "ERROR") as logs, mute_logger("odoo.sql_db"):
            self._rate()
        self.assertIn("unforeseen", logs.output[0])
        self.assertIn("unexpected", self.bad.fusion_error)
        self.assertNotIn("unforeseen", self.bad.fusion_error)
        self.assertEqual(self._usage_lines(self.last).price_unit, 5)


@tagged("post_install", "-at_install")
class TestInvoicingFailure(FailureCase):
    def test_r7_every_other_subscription_is_invoiced(self):
        self._archive_income_account()
        self._bill_in_february()
        self.assertEqual(self._invoiced(self.first), [5])
        self.assertEqual(self._invoiced(self.last), [5])
        self.assertEqual(self.first.invoice_ids.state, "posted")

    def test_r7_a_failed_step_leaves_no_invoice_and_the_dates_as_they_were(self):
        self._archive_income_account()
        self._bill_in_february()
        self.assertFalse(self.bad.invoice_ids)
        self.assertFalse(self.bad.fusion_last_invoice_date)
        self.assertEqual(str(self.bad.fusion_next_invoice_date), "2026-02-01")
        self.assertEqual(self.bad.fusion_error_step, "invoicing")
        self.assertIn("Old income (999001) is archived", self.bad.fusion_error)

    def test_r7_the_next_run_bills_it_and_clears_the_failure(self):
        account = self._archive_income_account()
        for _run in range(2):
            self._bill_in_february()
        self.assertEqual(len(self._activities(self.bad)), 1)
        account.active = True
        self._bill_in_february()
        self.assertEqual(self._invoiced(self.bad), [5])
        self.assertFalse(self.bad.fusion_error)
        self.assertFalse(self._activities(self.bad))
        self.assertEqual(self._invoiced(self.first), [5], "billed once")

    def test_r7_a_good_rating_does_not_hide_that_invoicing_fails(self):
        self._archive_income_account()
        self._bill_in_february()
        self.bad._fusion_request_rating()
        self._rate()
        self.assertEqual(self.bad.fusion_error_step, "invoicing")
        self.assertEqual(len(self._activities(self.bad)), 1)

    def test_r7_an_archived_currency_stops_only_its_own_subscription(self):
        foreign = (
            self.env["res.currency"]
            .with_context(active_test=False)
            .search([("id", "!=", self.currency.id)], limit=1)
        )
        foreign.active = True
        self._charge(plan=self.bad_plan, currency_id=foreign.id, valid_from="2026-01-01")
        pricelist = self.env["product.pricelist"].create(
            {"name": "Foreign", "currency_id": foreign.id}
        )
        subscription = self._subscribe(plan=self.bad_plan, pricelist_id=pricelist.id)
        self._use(subscription, 5)
        foreign.active = False
        self._bill_in_february()
        self.assertIn("inactive currency", subscription.fusion_error)
        self.assertFalse(subscription.invoice_ids)
        self.assertEqual(self._invoiced(self.last), [5])

    def test_r7_an_earlier_period_that_was_billed_stays_billed_when_the_next_one_fails(self):
        self._archive_income_account()
        subscription = self._subscribe("2025-12-01", self.fee_product, self.bad_plan)
        with freeze_time("2025-12-01"):
            self._bill()
        self._use(subscription, 5)
        self._bill_in_february()
        self.assertEqual(self._invoiced(subscription), [49])
        self.assertFalse(subscription.fusion_last_invoice_date)


@tagged("post_install", "-at_install")
class TestCrons(FailureCase):
    """The crons as Odoo's scheduler runs them: as root, with commits between subscriptions."""

    @freeze_time("2026-01-20")
    def test_r7_the_rating_cron_rates_all_but_the_bad_one_and_ends_well(self):
        self._restrict_product_to_another_company()
        self._run_cron("ir_cron_rate_open_periods")
        self.assertEqual(self._usage_lines(self.first).price_unit, 5)
        self.assertEqual(self._usage_lines(self.last).price_unit, 5)
        self.assertTrue(self.bad.fusion_error)

    @freeze_time("2026-02-01 06:00:00")
    def test_r7_the_invoicing_cron_invoices_all_but_the_bad_one_and_ends_well(self):
        self._archive_income_account()
        self._run_cron("ir_cron_create_invoices")
        self.assertEqual(self._invoiced(self.first), [5])
        self.assertEqual(self._invoiced(self.last), [5])
        self.assertFalse(self.bad.invoice_ids)
        self.assertTrue(self.bad.fusion_error)
        self._run_cron("ir_cron_create_invoices")
        self.assertEqual(self._invoiced(self.first), [5])

    @freeze_time("2026-01-20")
    def test_the_rating_cron_leaves_a_commit_after_each_batch(self):
        orders = self.env["sale.order"].create(
            [
                {
                    "partner_id": self.partner.id,
                    "fusion_plan_id": self.plan.id,
                    "fusion_start_date": "2026-01-01",
                    "order_line": [Command.create({"product_id": self.setup_product.id})],
                }
                for _number in range(120)
            ]
        )
        orders.action_confirm()
        self._ingest(*(self._event(order, "2") for order in orders))
        self._run_cron("ir_cron_rate_open_periods")
        self.assertEqual(set(self._usage_lines(orders).mapped("price_unit")), {2})
        self.assertFalse(self.env["fusion.billing.rating.request"].search([]))

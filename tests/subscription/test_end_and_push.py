"""An end and a push at the same moment, in transactions of their own (T5, U5)."""

from datetime import date

from psycopg2.errors import LockNotAvailable, SerializationFailure

from odoo import SUPERUSER_ID, api
from odoo.sql_db import db_connect
from odoo.tests import TransactionCase, tagged
from odoo.tools import SQL, mute_logger

from ...models.subscription.sale_order_timeline import UsageAfterEnd
from ..common import BillingCase

MADE = (
    "fusion_billing_rating_request",
    "fusion_billing_usage",
    "fusion_billing_rating",
    "fusion_billing_item",
    "fusion_billing_phase",
)


@tagged("post_install", "-at_install")
class TestEndAndPush(TransactionCase):
    def setUp(self):
        super().setUp()
        self.staff, self.app = self._cursor(), self._cursor()
        env = api.Environment(self.staff, SUPERUSER_ID, {})
        self.partner = env["res.partner"].create({"name": "Racer"})
        self.metric = env["fusion.billing.metric"].create({"code": "races", "name": "Races"})
        self.plan = env["fusion.billing.plan"].create({"code": "races", "name": "Races"})
        self.addCleanup(self._tidy_up)
        self.order = env["sale.order"]._fusion_create_subscription(
            {"partner_id": self.partner.id, "plan_id": self.plan.id, "start_date": date(2026, 1, 1)}
        )
        self.staff.commit()

    def _cursor(self):
        cursor = db_connect(self.env.cr.dbname).cursor()
        self.addCleanup(cursor.close)
        return cursor

    def _tidy_up(self):
        for cursor in (self.app, self.staff):
            cursor.rollback()
        self.order.env.invalidate_all()
        for table in MADE:
            self.staff.execute(
                SQL(
                    "DELETE FROM %s WHERE subscription_id = %s",
                    SQL.identifier(table),
                    self.order.id,
                )
            )
        self.staff.execute(SQL("DELETE FROM sale_order WHERE id = %s", self.order.id))
        for record in (self.plan, self.metric, self.partner):
            record.unlink()
        self.staff.commit()

    def _push(self, start="2026-03-10"):
        """Store a counter as a request does that was validated before."""
        env = api.Environment(self.app, SUPERUSER_ID, {})
        event = BillingCase._event(
            self.order, "5", start, metric=self.metric, idempotency_key=start
        )
        return env["fusion.billing.usage"]._ingest([event], "app")

    def _end(self, **options):
        self.order._fusion_close(date(2026, 2, 1), **options)

    def test_t5_who_ends_is_told_of_a_counter_that_was_accepted_since_their_request_began(self):
        self.staff.execute("SELECT FROM sale_order LIMIT 1")  # from now on it sees nothing new
        self._push()
        self.app.commit()
        with self.assertRaises(UsageAfterEnd) as refused:
            self._end()
        self.assertEqual(refused.exception.count, 1)

    def test_u5_a_push_waits_for_an_end_that_is_being_written(self):
        self._end()
        self.app.execute("SET LOCAL lock_timeout = '200ms'")
        with self.assertRaises(LockNotAvailable), mute_logger("odoo.sql_db"):
            self._push()

    def test_u5_a_push_that_was_validated_before_an_end_is_run_again_after_it(self):
        self.app.execute("SELECT FROM sale_order LIMIT 1")
        self._end()
        self.order.env.flush_all()
        self.staff.commit()
        with self.assertRaises(SerializationFailure), mute_logger("odoo.sql_db"):
            self._push()

    def test_an_end_waits_for_a_push_that_is_being_written(self):
        self._push()
        self.staff.execute("SET LOCAL lock_timeout = '200ms'")
        with self.assertRaises(LockNotAvailable), mute_logger("odoo.sql_db"):
            self._end()

    def test_two_changes_ahead_at_once_are_made_one_after_the_other(self):
        self.app.execute("SELECT FROM sale_order LIMIT 1")  # from now on it sees nothing new
        self.order._fusion_pause(date(2031, 3, 1), until=date(2031, 4, 1))
        self.staff.commit()
        order = self.order.with_env(api.Environment(self.app, SUPERUSER_ID, {}))
        for change in (
            lambda: order._fusion_pause(date(2031, 5, 1), until=date(2031, 6, 1)),
            lambda: order._fusion_change_timeline(
                order._fusion_timeline().closed_on(date(2031, 3, 9))
            ),
        ):
            with self.assertRaises(SerializationFailure), self.app.savepoint():
                change()

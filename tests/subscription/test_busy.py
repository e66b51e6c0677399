"""Subscriptions that somebody else is at work on are left to the next run, without alarm."""

from odoo import SUPERUSER_ID, api
from odoo.sql_db import db_connect
from odoo.tests import TransactionCase, tagged


@tagged("post_install", "-at_install")
class TestBusySubscriptions(TransactionCase):
    """With transactions of their own: those of a test share one."""

    def setUp(self):
        super().setUp()
        self.own, self.other = self._cursor(), self._cursor()
        orders = api.Environment(self.own, SUPERUSER_ID, {})["sale.order"]
        partner_id = self.env.ref("base.main_partner").id
        self.orders = orders.create([{"partner_id": partner_id} for _number in range(3)])
        self.own.commit()
        self.addCleanup(self._tidy_up)

    def _cursor(self):
        cursor = db_connect(self.env.cr.dbname).cursor()
        self.addCleanup(cursor.close)
        return cursor

    def _tidy_up(self):
        for cursor in (self.other, self.own):
            cursor.rollback()
        self.orders.unlink()
        self.own.commit()

    def _touch(self, order):
        self.other.execute(
            "UPDATE sale_order SET client_order_ref = 'touched' WHERE id = %s", [order.id]
        )

    def _lock(self):
        """Lock all; nothing of it is an alarm in the log."""
        with self.assertNoLogs("odoo.sql_db"):
            return self.orders._fusion_try_lock()

    def test_all_are_locked_if_nobody_is_at_work(self):
        self.assertEqual(self._lock(), self.orders)

    def test_one_that_is_held_is_left_out(self):
        self._touch(self.orders[1])
        self.assertEqual(self._lock(), self.orders[0] | self.orders[2])

    def test_one_that_was_changed_since_the_run_began_is_left_out(self):
        self.own.execute("SELECT FROM sale_order LIMIT 1")
        self._touch(self.orders[1])
        self.other.commit()
        self.assertEqual(self._lock(), self.orders[0] | self.orders[2])

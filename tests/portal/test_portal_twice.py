"""A form that is sent twice at the same moment, in transactions of their own."""

from datetime import date
from decimal import Decimal

from psycopg2.errors import SerializationFailure

from odoo import SUPERUSER_ID, api
from odoo.fields import Command
from odoo.sql_db import db_connect
from odoo.tests import TransactionCase, tagged
from odoo.tools import SQL, mute_logger

from ..subscription.test_end_and_push import MADE


@tagged("post_install", "-at_install")
class TestPortalTwice(TransactionCase):
    def setUp(self):
        super().setUp()
        self.first, self.second = self._cursor(), self._cursor()
        env = api.Environment(self.first, SUPERUSER_ID, {})
        self.partner = env["res.partner"].create({"name": "Double Click"})
        self.yearly = env["fusion.billing.plan"].create(
            {"code": "slow", "name": "Slow", "billing_period_unit": "year"}
        )
        self.plan = env["fusion.billing.plan"].create(
            {"code": "quick", "name": "Quick", "customer_plan_ids": [Command.set(self.yearly.ids)]}
        )
        self.kept = []
        self.addCleanup(self._tidy_up)
        self.order = env["sale.order"]._fusion_create_subscription(
            {"partner_id": self.partner.id, "plan_id": self.plan.id, "start_date": date(2026, 1, 1)}
        )
        self.first.commit()

    def _cursor(self):
        cursor = db_connect(self.env.cr.dbname).cursor()
        self.addCleanup(cursor.close)
        return cursor

    def _tidy_up(self):
        for cursor in (self.second, self.first):
            cursor.rollback()
        self.order.env.invalidate_all()
        for table in ("fusion_billing_threshold", *MADE):
            self.first.execute(
                SQL(
                    "DELETE FROM %s WHERE subscription_id = %s",
                    SQL.identifier(table),
                    self.order.id,
                )
            )
        self.first.execute(SQL("DELETE FROM sale_order WHERE id = %s", self.order.id))
        for record in (*self.kept, self.plan, self.yearly, self.partner):
            record.unlink()
        self.first.commit()

    def assertRunAgain(self, send):
        """Whoever sends the form at the same moment waits, and is run again."""
        self.second.execute("SELECT FROM sale_order LIMIT 1")  # from now on it sees nothing new
        send(self.order)
        self.first.commit()
        order = self.order.with_env(api.Environment(self.second, SUPERUSER_ID, {}))
        with self.assertRaises(SerializationFailure), mute_logger("odoo.sql_db"):
            send(order)
        self.second.rollback()

    def test_a_budget_and_alerts_that_are_saved_twice_at_once_are_set_once(self):
        amounts = Decimal(50), {Decimal(20)}
        self.assertRunAgain(lambda order: order._fusion_set_alerts(self.partner, *amounts))
        self.assertEqual(self.order._fusion_alerts(), [20])

    def test_a_plan_that_is_chosen_twice_at_once_is_planned_once(self):
        [change] = self.order._fusion_customer_plans().values()
        self.assertRunAgain(
            lambda order: order._fusion_customer_change_plan(self.partner, self.yearly, change.day)
        )
        self.assertEqual(len(self.order.fusion_phase_ids), 2)

    def test_a_payment_method_that_is_chosen_twice_at_once_is_chosen_once(self):
        self.plan.collects = True
        card = self._save_card()
        for for_all in (False, True):
            self.assertRunAgain(
                lambda order, for_all=for_all: order._fusion_choose_token(
                    self.partner, card.id, for_all
                )
            )
        self.assertFalse(self.order.fusion_token_id)
        self.assertEqual(self.partner.fusion_token_id.id, card.id)

    def _save_card(self):
        env = self.plan.env
        provider = env["payment.provider"].create({"name": "Cards", "state": "test"})
        card = env["payment.token"].create(
            {
                "provider_id": provider.id,
                "payment_method_id": env.ref("payment.payment_method_card").id,
                "partner_id": self.partner.id,
                "provider_ref": "card",
            }
        )
        self.first.commit()
        self.kept += [card, provider]
        return card

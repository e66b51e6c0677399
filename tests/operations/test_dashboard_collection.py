"""The dashboard says what is collected, who is late and what came back: as the lists do."""

from odoo.tests import freeze_time, new_test_user, tagged

from ..collection_case import ATTEMPT
from ..dunning_case import CASE, DunningCase
from .test_dashboard import DashboardCase


@tagged("post_install", "-at_install")
class TestDashboardCollection(DunningCase):
    _tile, _list = DashboardCase._tile, DashboardCase._list

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = new_test_user(cls.env, "billing_clerk", groups="fusion_billing.group_user")
        cls._foreign("EUR", {"2025-01-01": 0.5})  # a euro is two dollars
        cls.euros = cls.env["product.pricelist"].create(
            {"name": "EUR", "currency_id": cls.env.ref("base.EUR").id}
        )

    def _read(self, late, **filters):
        with freeze_time(f"{self._day(late)} 12:00:00"):
            return DashboardCase._read(self, **filters)

    def _customer(self, **vals):
        """Another customer, with a card, who is billed the same."""
        partner = self.env["res.partner"].create({"name": "Other", "email": "o@x.test"})
        self._save_card(partner)
        return self._invoice(partner_id=partner.id, **vals)

    def _charge_all(self, late):
        """Charge all that is to be charged, with success."""
        self.env.flush_all()
        with freeze_time(self._day(late)):
            self._run_cron("ir_cron_collect")
            attempts = self.env[ATTEMPT].search([("state", "=", "unknown")])
            attempts.transaction_id._set_done()
        self.env.flush_all()
        return attempts

    def assertTile(self, tile, amount, count, records):
        self.assertAlmostEqual(tile["amount"], amount)
        self.assertEqual(tile["also"]["count"], count)
        self.assertEqual(self._list(tile["action"]), records)
        self.assertEqual(self._list(tile["also"]["action"]), records)

    def test_where_nothing_is_collected_and_nobody_is_late_all_is_zero(self):
        self._invoice()
        data = self._read(0)
        for tile in data["collection"]:
            self.assertEqual((tile["amount"], tile["also"]["count"], tile["parts"]), (0, 0, []))
        self.assertEqual(data["steps"], [])

    # === COLLECTED === #

    def test_what_was_charged_this_month_is_collected(self):
        self.plan.collects = True
        self._invoice()
        attempts = self._charge_all(3)
        tile = self._tile(self._read(20), "collection", "collected")
        self.assertTile(tile, 49, 1, attempts)
        self.assertEqual(tile["parts"], [])
        self.assertTile(self._tile(self._read(40), "collection", "collected"), 0, 0, attempts[:0])

    def test_what_failed_or_is_not_known_yet_is_not_collected(self):
        self.plan.collects = True
        self._invoice()
        self._customer()
        with freeze_time(self._day(3)):
            self._collect()
        self.env[ATTEMPT].search([])[:1].transaction_id._set_error("insufficient_funds")
        self.assertEqual(self._tile(self._read(20), "collection", "collected")["amount"], 0)

    def test_each_currency_is_told_and_all_are_added_up(self):
        self.plan.collects = True
        self._invoice()
        self._customer(pricelist_id=self.euros.id)
        attempts = self._charge_all(3)
        euro = attempts.currency_id.filtered(lambda currency: currency.name == "EUR")
        in_euros = attempts.filtered(lambda one: one.currency_id == euro)
        tile = self._tile(self._read(20), "collection", "collected")
        self.assertTile(tile, 49 + 2 * in_euros.amount, 2, attempts)
        parts = {part["currency_id"]: part for part in tile["parts"]}
        self.assertEqual(parts.keys(), set(attempts.currency_id.ids))
        self.assertAlmostEqual(parts[euro.id]["amount"], in_euros.amount)
        self.assertEqual(self._list(parts[euro.id]["action"]), in_euros)

    # === LATE === #

    def test_open_cases_are_counted_with_what_is_overdue_in_them(self):
        self._invoice()
        other = self._customer(pricelist_id=self.euros.id)
        self._dun(5)
        self._pay_by_hand(other, 4)
        cases = self.env[CASE].search([("closed_on", "=", False)])
        overdue = {case.currency_id.id: case.amount_overdue for case in cases}
        tile = self._tile(self._read(5), "collection", "late")
        self.assertTile(tile, 49 + 2 * other.amount_residual, 2, cases)
        self.assertEqual({one["currency_id"]: one["amount"] for one in tile["parts"]}, overdue)
        for part in tile["parts"]:
            self.assertEqual(self._list(part["action"]).currency_id.id, part["currency_id"])

    def test_they_are_counted_by_the_last_step_that_was_taken(self):
        self._invoice()
        self._dun(2)
        [tile] = self._read(2)["steps"]
        self.assertEqual((tile["key"], tile["count"]), ("none", 1))
        self._customer()
        self._add_step(3, "remind")
        self._dun(3)
        [tile] = self._read(3)["steps"]
        self.assertEqual((tile["key"], tile["label"], tile["count"]), ("remind", "Remind Us", 2))
        cases = self.env[CASE].search([("closed_on", "=", False)])
        self.assertEqual(self._list(tile["action"]), cases)

    # === RECOVERED === #

    def test_what_was_paid_in_cases_that_were_closed_this_month_is_recovered(self):
        invoice, other = self._invoice(), self._customer()
        self._dun(2)
        self._pay_by_hand(invoice)
        other.action_fusion_dispute()
        self._dun(5)
        case = self.env[CASE].search([("outcome", "=", "paid")])
        tile = self._tile(self._read(20), "collection", "recovered")
        self.assertTile(tile, case.amount_settled, 1, case)
        self.assertEqual(tile["amount"], 49)
        self.assertEqual(self._tile(self._read(20), "collection", "late")["amount"], 0)
        self.assertEqual(self._tile(self._read(40), "collection", "recovered")["amount"], 0)

    # === WHOSE === #

    def test_filters_leave_what_bills_such_subscriptions(self):
        self.plan.collects = True
        self._invoice(fusion_service_id=self._service("nexacloud").id)
        self._customer().partner_id.fusion_collects = "never"
        self._charge_all(3)  # its payment is not registered yet
        self._dun(5)
        service = self.env["fusion.billing.service"].search([("code", "=", "nexacloud")])
        for filters, collected, late in (
            ({}, 49, 98),
            ({"service_id": service.id}, 49, 49),
            ({"plan_id": self.plan.id}, 49, 98),
            ({"plan_id": self._plan("nobody-s").id}, 0, 0),
        ):
            data = self._read(5, **filters)
            with self.subTest(filters):
                self.assertEqual(self._tile(data, "collection", "collected")["amount"], collected)
                self.assertEqual(self._tile(data, "collection", "late")["amount"], late)

    def test_what_another_company_does_is_not_shown(self):
        self._invoice()
        self._dun(5)
        abroad = self.env["res.company"].create({"name": "Abroad"})
        self.clerk.company_ids |= abroad
        self.clerk.company_id = abroad
        self.assertNotIn("49", str(self._read(5, companies=abroad).get("collection")))

    def test_the_number_of_queries_does_not_grow_with_cases(self):
        self._invoice()
        self._dun(5)
        self._read(5)
        counts = []
        for _turn in range(2):
            before = self.env.cr.sql_log_count
            self._read(5)
            counts.append(self.env.cr.sql_log_count - before)
            for _number in range(3):
                self._customer()
            self._dun(5)
            self._read(5)
        self.assertEqual(*counts)

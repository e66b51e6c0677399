from odoo.tests import freeze_time, new_test_user, tagged

from ..dunning_case import CASE, DunningCase


@tagged("post_install", "-at_install")
class TestDunningContacts(DunningCase):
    """Customers who are late are contacts, which others work with, too."""

    def setUp(self):
        super().setUp()
        self.invoice = self._invoice()

    def _user(self, groups):
        companies = [(6, 0, self.company.ids)]
        return new_test_user(
            self.env, "other", groups, company_id=self.company.id, company_ids=companies
        )

    def _merge(self, *others):
        merge = self.env["base.partner.merge.automatic.wizard"].create({})
        merge._merge([self.partner.id, *[one.id for one in others]], self.partner, False)
        self.env.invalidate_all()

    # === MERGED === #

    def _late_twin(self):
        twin = self.env["res.partner"].create({"name": "Twin"})
        with freeze_time("2026-01-01"):
            self._start(partner_id=twin.id)
            self._bill()
        return twin

    def test_of_two_who_are_merged_one_case_goes_on_and_no_step_is_taken_twice(self):
        twin = self._late_twin()
        self._add_step(1, "pause")
        self._add_step(3)
        self._dun(1)
        first, second = self.env[CASE].search([("company_id", "=", self.company.id)], order="id")
        self._merge(twin)
        self.assertEqual((first | second).partner_id, self.partner)
        self.assertEqual((first.closed_on, second.outcome), (False, "left_alone"))
        self._dun(3)
        self.assertEqual(len(first.late_invoice_ids), 2)
        self.assertTaken((1, "pause"), (3, "tell"), case=first)
        for invoice in first.late_invoice_ids:
            self._pay_by_hand(invoice)
        self._dun(5)
        self.assertEqual(first.outcome, "paid")
        orders = first.invoice_ids._fusion_subscriptions()
        self.assertEqual(orders.mapped("fusion_state"), ["3_progress"] * 2)

    def test_a_case_follows_the_customer_who_is_merged_into_another(self):
        twin = self._late_twin()
        self._pay_by_hand(self.invoice)
        self._add_step(1)
        self._dun(1)
        self._merge(twin)
        self._dun(2)
        self.assertTaken((1, "tell"))

    def test_of_one_who_becomes_a_part_of_a_company_the_case_goes_on(self):
        self._add_step(1, "pause")
        self._add_step(3)
        self._dun(1)
        case = self.case
        group = self.env["res.partner"].create({"name": "Group", "is_company": True})
        self.partner.parent_id = group
        self._dun(3)
        self.assertEqual((case.partner_id, case.closed_on), (group, False))
        self.assertTaken((1, "pause"), (3, "tell"), case=case)
        self.assertEqual(self.invoice._fusion_subscription().fusion_state, "4_paused")
        self._pay_by_hand(self.invoice)
        self._dun(5)
        self.assertEqual(case.outcome, "paid")
        self.assertEqual(self.invoice._fusion_subscription().fusion_state, "3_progress")

    def test_of_one_who_becomes_a_part_of_a_late_company_one_case_goes_on(self):
        twin = self._late_twin()
        twin.is_company = True
        self._add_step(1)
        self._dun(1)
        self.partner.parent_id = twin
        self._dun(2)
        cases = self.env[CASE].search([("company_id", "=", self.company.id)], order="id")
        self.assertEqual(cases.filtered(lambda case: not case.closed_on).partner_id, twin)
        self.assertEqual(len(cases), 2)
        self.assertEqual(len(cases.late_invoice_ids), 2)

    def test_who_was_archived_still_owes(self):
        self.plan.collects = True
        self._add_step(1)
        self.partner.active = False
        self._collect()
        self.assertAttempts(self.invoice, ("unknown", 49))
        self._dun(1)
        self.assertTaken()  # it is being charged
        self.assertEqual(self.case.late_invoice_ids, self.invoice)

    # === WORKED WITH BY OTHERS === #

    def test_a_salesperson_who_cannot_open_it_is_not_reminded(self):
        self.partner.user_id = self._user("sales_team.group_sale_salesman")
        self._add_step(1, "remind")
        self._dun(1)
        self.assertTrue(self.case.activity_ids.user_id.has_group("fusion_billing.group_manager"))
        self.partner.user_id.group_ids += self.env.ref("fusion_billing.group_user")
        self.assertEqual(self.case._responsible(), self.partner.user_id)

    def test_who_is_no_billing_staff_duplicates_a_customer(self):
        self.partner.write({"fusion_collects": "always", "fusion_is_managed": True})
        partner = self.partner.with_user(self._user("base.group_user,base.group_partner_manager"))
        self.assertFalse(partner.copy().sudo().fusion_collects)

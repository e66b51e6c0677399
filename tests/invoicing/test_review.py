"""Drafts are held against the billing period before, and approved."""

from datetime import date

from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged
from odoo.tools.safe_eval import safe_eval

from ..staff_case import StaffCase

# What each subscription uses in January and in February.
USED = {
    "steady": (200, 249),
    "up": (200, 251),
    "down": (200, 149),
    "stopped": (200, 0),
    "begun": (0, 150),
    "new": (None, 130),
}


@tagged("post_install", "-at_install")
class TestReview(StaffCase):
    """A plan that leaves drafts: $2 for each call above 100, and some with a fee of $49."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan.invoice_mode = "draft"
        cls.orders = {name: cls._used(name, *used) for name, used in USED.items()}
        for moment in ("2026-02-01 06:00:00", "2026-03-01 06:00:00"):
            with freeze_time(moment):
                cls.env["sale.order"]._fusion_cron_create_invoices()

    @classmethod
    def _used(cls, name, january, february):
        order = cls._subscribe(
            "2026-01-01" if january is not None else "2026-02-01",
            products=cls.fee_product if name in ("stopped", "begun") else (),
        )
        for start, quantity in (("2026-01-10", january), ("2026-02-10", february)):
            if quantity:
                cls._use(order, quantity, start)
        return order

    def _drafts(self, *domain):
        moves = self.env["account.move"].with_user(self.clerk)
        return moves.search([*moves._fusion_review_domain(), *domain])

    def _draft(self, name):
        """The document of February's usage."""
        return self._drafts(("fusion_bill_on", "=", date(2026, 3, 1))).filtered(
            lambda move: move._fusion_subscriptions() == self.orders[name]
        )

    def test_a_first_period_has_nothing_to_be_held_against(self):
        draft = self._draft("new")
        self.assertEqual(draft.amount_untaxed, 60)
        self.assertEqual((draft.fusion_now, draft.fusion_before), (0, 0))
        self.assertFalse(draft.fusion_moved)

    def test_it_points_out_what_moved_by_more_than_the_plan_tolerates(self):
        for name, before, now, moved in (
            ("steady", 200, 298, False),
            ("up", 200, 302, True),
            ("down", 200, 98, True),
        ):
            with self.subTest(name):
                draft = self._draft(name)
                self.assertEqual((draft.fusion_before, draft.fusion_now), (before, now))
                self.assertEqual(draft.fusion_change, now - before)
                self.assertEqual(draft.fusion_moved, moved)
        self.assertEqual(draft.fusion_movements, "API calls: $200.00 → $98.00 (-51 %)")

    def test_the_plan_says_how_much_is_tolerated(self):
        for tolerance, moved in ((51, False), (50, True), (0, True)):
            self.plan.review_tolerance = tolerance
            self.env.invalidate_all()
            self.assertEqual(self._draft("up").fusion_moved, moved)

    def test_usage_that_stopped_is_pointed_out_though_no_line_bills_it(self):
        draft = self._draft("stopped")
        self.assertFalse(draft.invoice_line_ids.fusion_rating_id.charge_id)
        self.assertEqual(draft.fusion_movements, "API calls: $200.00 → $0.00 (-100 %)")

    def test_usage_that_begins_is_pointed_out_and_a_fee_counts_with_its_own_period(self):
        draft = self._draft("begun")
        self.assertEqual(draft.fusion_movements, "API calls: $0.00 → $100.00")
        self.assertEqual((draft.fusion_before, draft.fusion_now), (49, 149))

    def test_it_follows_the_ledger(self):
        """R9: late usage reaches a draft that nobody touched, and what is said of it."""
        self._use(self.orders["steady"], 10, "2026-02-20")
        self._rate_at("2026-03-01 07:00:00")
        self.env.invalidate_all()
        draft = self._draft("steady")
        self.assertEqual((draft.amount_untaxed, draft.fusion_now), (318, 318))
        self.assertTrue(draft.fusion_moved)

    def test_the_filter_finds_what_is_pointed_out(self):
        pointed_out = {self._draft(name).id for name in ("up", "down", "stopped", "begun")}
        found = self._drafts(("fusion_moved", "=", True))
        self.assertEqual(set(found.ids), pointed_out)
        self.assertEqual(self._drafts(("fusion_moved", "=", False)), self._drafts() - found)

    def test_the_list_has_the_drafts_of_the_run_and_nothing_else(self):
        action = self.env.ref("fusion_billing.account_move_action_review")
        own = self.env["account.move"].create(
            {"move_type": "out_invoice", "partner_id": self.partner.id}
        )
        listed = self.env["account.move"].search(safe_eval(action.domain))
        self.assertEqual(listed.ids, self._drafts().ids)
        self.assertIn(self._draft("up").id, listed.ids)
        self.assertNotIn(own, listed)

    def test_many_are_approved_at_once_and_what_is_posted_is_left_alone(self):
        drafts = self._drafts()
        self.assertGreater(len(drafts), 8)
        answer = drafts.action_fusion_approve()
        self.assertEqual(set(drafts.mapped("state")), {"posted"})
        self.assertEqual(answer["params"]["message"], f"Posted: {len(drafts)}.")
        self.assertEqual(drafts.action_fusion_approve()["params"]["message"], "Posted: 0.")

    def test_r7_one_that_fails_stays_with_its_reason_and_the_others_are_posted(self):
        good, bad = self._draft("up"), self._draft("down")
        bad.partner_id = False
        answer = (good | bad).action_fusion_approve()
        self.assertEqual((good.state, bad.state), ("posted", "draft"))
        self.assertIn("Customer", bad.fusion_post_error)
        self.assertIn("Not posted: 1", answer["params"]["message"])
        bad.partner_id = self.partner
        bad.action_fusion_approve()
        self.assertEqual((bad.state, bad.fusion_post_error), ("posted", False))

    def test_only_billing_staff_approve(self):
        draft = self._draft("up")
        accountant = self._user("accountant", "account.group_account_invoice")
        for user in (self.seller, self.portal, accountant):
            with self.assertRaises(AccessError):
                draft.with_user(user).action_fusion_approve()
        with self.assertRaises(AccessError):
            draft.with_user(accountant).read(["fusion_movements"])
        with self.assertRaises(UserError):
            draft.fusion_post_error = "made up"

    def test_many_drafts_take_no_more_queries_than_a_few(self):
        drafts, counts = self._drafts(), []
        for some in (drafts[:2], drafts):
            some.mapped("fusion_moved")  # what is read once, such as languages
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            some.mapped("fusion_moved")
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 1)

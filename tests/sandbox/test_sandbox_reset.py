from odoo.tests import tagged

from ..sandbox_case import NOW, SandboxCase

REMOVED = (
    "account.move",
    "account.payment",
    "sale.order",
    "fusion.billing.account.link",
    "fusion.billing.rating",
    "fusion.billing.phase",
    "fusion.billing.webhook.delivery",
    "fusion.billing.revenue.movement",
    "res.partner",
)

LOCKS = (
    "fiscalyear_lock_date",
    "tax_lock_date",
    "sale_lock_date",
    "purchase_lock_date",
    "hard_lock_date",
)


@tagged("post_install", "-at_install")
class TestSandboxReset(SandboxCase):
    """A sandbox that is reset is as it was made."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sandbox.webhook_url = "https://hooks.example.com/billing"

    def _lived(self):
        """A sandbox in which all there is has happened; return its subscription."""
        subscription = self._sign_up()
        subscription._fusion_set_alerts(subscription.partner_id, 20, [30])
        self._push(500, "2026-01-16 00:00:00", idempotency_key="one")
        self._advance("2026-01-22 00:00:00")
        self._push(400, "2026-01-16 00:00:00", idempotency_key="one")
        self._pay(subscription.invoice_ids[-1])
        subscription.sudo()._fusion_close(subscription._fusion_today())
        self._advance("2026-01-25 00:00:00")
        self._sign_up("other")
        self.test_company.fusion_billing_tz = "Asia/Tokyo"
        self.env.flush_all()
        return subscription

    def _pay(self, invoice):
        self.world["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({})._create_payments()

    def _left(self):
        self.env.flush_all()
        self.env.invalidate_all()
        return {name: count for name in REMOVED if (count := len(self._own(self.env[name])))}

    def test_nothing_of_what_was_tried_is_left(self):
        subscription = self._lived()
        self.assertEqual(set(self._left()), set(REMOVED))
        movements = self.env["fusion.billing.usage.correction"]
        self.assertTrue(movements.search_count([("subscription_id", "=", subscription.id)]))
        self.world["account.payment.register"].search([]).unlink()
        action = self.sandbox.with_user(self.manager).action_reset_sandbox()
        self.assertEqual(action["params"]["type"], "success")
        self.assertEqual(self._left(), {})
        self.assertFalse(movements.search_count([("subscription_id", "=", subscription.id)]))
        self.assertFalse(
            self.env["mail.message"].search_count(
                [("model", "=", "sale.order"), ("res_id", "=", subscription.id)]
            )
        )

    def test_its_clock_is_now_and_its_days_begin_as_they_do_now(self):
        self._lived()
        self.assertTrue(self.test_company.fusion_time_zone_ids)
        self.sandbox.action_reset_sandbox()
        self.assertEqual(self.clock, NOW)
        self.assertFalse(self.test_company.fusion_time_zone_ids)
        self.assertEqual(str(self.test_company._fusion_today()), "2026-01-15")

    def test_catalogue_keys_and_endpoint_stay(self):
        self._lived()
        plans = self._own(self.plan)
        charges = plans.charge_ids
        self.sandbox.action_reset_sandbox()
        self.assertEqual(self._own(self.plan), plans)
        self.assertEqual(plans.charge_ids, charges)
        raw = self.shown["context"]["default_key"]
        access = self.env["fusion.billing.api.key"]._authenticate(raw)
        self.assertEqual(access.service_id, self.sandbox.id)
        self.assertTrue(self.sandbox.webhook_url)

    def test_what_happened_once_can_happen_again_alike(self):
        documents = self._documents(self._lived())
        self.sandbox.action_reset_sandbox()
        self.test_company.fusion_billing_tz = "UTC"
        self.assertEqual(self._documents(self._lived()), documents)
        self.assertGreater(len(documents), 2)

    def test_a_customer_whom_something_else_names_is_archived(self):
        subscription = self._sign_up()
        customer = subscription.partner_id
        self._advance("2026-01-16 00:00:00")
        self._pay(subscription.invoice_ids)  # a dialog that was open names them
        self.sandbox.action_reset_sandbox()
        self.assertFalse(customer.active)
        self._sign_up()

    # === WHAT BOOKKEEPERS DO === #

    def _billed(self):
        """A sandbox with a posted invoice; return that."""
        subscription = self._sign_up()
        self._advance("2026-01-16 00:00:00")
        return subscription.invoice_ids

    def assertEmptied(self):
        self.world["account.payment.register"].search([]).unlink()
        self.sandbox.with_user(self.manager).action_reset_sandbox()
        self.assertEqual(self._left(), {})
        self.assertEqual(len(self._sign_up().invoice_ids), 0)

    def test_payments_that_have_entries_go(self):
        invoice = self._billed()
        journal = self._own(self.env["account.journal"]).filtered(lambda one: one.type == "bank")
        accounts = self.world["account.account"].search([("account_type", "=", "asset_current")])
        outstanding = accounts[0]
        outstanding.reconcile = True
        journal.inbound_payment_method_line_ids.payment_account_id = outstanding
        self._pay(invoice)
        payment = self._own(self.env["account.payment"])
        self.assertEqual(payment.move_id.state, "posted")
        self.assertEmptied()

    def test_bank_statements_go(self):
        self._billed()
        journal = self._own(self.env["account.journal"]).filtered(lambda one: one.type == "bank")
        line = {"journal_id": journal.id, "date": "2026-01-16", "payment_ref": "x", "amount": 49}
        statement = self.world["account.bank.statement"].create({"line_ids": [(0, 0, line)]})
        self.assertEqual(statement.line_ids.move_id.state, "posted")
        self.assertEmptied()
        self.assertFalse(statement.exists())

    def test_credit_notes_go(self):
        invoice = self._billed()
        reversal = self.world["account.move.reversal"].with_context(
            active_model="account.move", active_ids=invoice.ids
        )
        reversal.create({"journal_id": invoice.journal_id.id}).refund_moves()
        invoice.reversal_move_ids.action_post()
        self.assertEmptied()

    def test_documents_of_days_that_are_locked_go_and_the_days_are_open_again(self):
        self._billed()
        self.test_company.write(dict.fromkeys(LOCKS, "2026-01-31"))
        self.assertEmptied()
        self.assertFalse(any(self.test_company[lock] for lock in LOCKS))

    def test_documents_that_are_secured_go(self):
        invoice = self._billed()
        invoice.journal_id.restrict_mode_hash_table = True
        invoice.button_hash()
        self.assertTrue(invoice.inalterable_hash)
        self.assertEmptied()

    # === AGAIN === #

    def test_a_reset_of_nothing_is_one(self):
        self.sandbox.action_reset_sandbox()
        self.sandbox.action_reset_sandbox()
        self.assertEqual(self._left(), {})

    def test_it_removes_nothing_of_others(self):
        order = self._subscribe("2026-01-01", [self.fee_product])
        self._use(order, 500, "2026-01-10")
        self._bill()
        before = self._documents(order), self._amounts(order), order.partner_id
        self._lived()
        self.sandbox.action_reset_sandbox()
        self.env.invalidate_all()
        self.assertEqual((self._documents(order), self._amounts(order), order.partner_id), before)
        self.assertEqual(len(order.fusion_usage_ids), 1)

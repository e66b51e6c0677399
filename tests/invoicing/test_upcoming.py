import random
from datetime import date
from decimal import Decimal

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import Form, freeze_time, tagged
from odoo.tools import SQL

from odoo.addons.fusion_billing.models.base.rehearsal import rehearsal

from .document_case import DocumentCase


@tagged("post_install", "-at_install")
class TestUpcomingDocuments(DocumentCase):
    """The documents that would be made, told before they are."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.vat = cls.env["account.tax"].create(
            {"name": "VAT 21 %", "amount": 21, "type_tax_use": "sale"}
        )
        cls.foreign = cls._foreign("EUR", {"2025-01-01": 0.8, "2026-01-20": 0.9})

    # === THE SAME DOCUMENTS === #

    def test_a_preview_of_random_subscriptions_is_the_documents_that_are_then_made(self):
        orders = self._random_subscriptions(random.Random(5))
        with freeze_time("2026-01-26"):
            at_the_end = orders._fusion_upcoming_documents()
        with freeze_time("2026-02-01 08:00:00"):
            told = orders._fusion_upcoming_documents(date(2026, 2, 1))
            made = orders._fusion_bill_until(date(2026, 2, 1), asked=True)
            self.assertEqual(self._described(made), told)
        self.assertEqual(at_the_end, told)
        self.assertGreaterEqual(len(told), len(orders))

    def _described(self, moves):
        moves.invalidate_recordset()
        return [move._fusion_describe() for move in moves]

    def _random_subscriptions(self, rng):
        """Subscriptions that began on 1 January and were billed then, with what came since."""
        with freeze_time("2026-01-01"):
            orders = self.env["sale.order"].union(
                *(self._random_subscription(rng) for _n in range(8))
            )
        self._bill_on("2026-01-01")
        with freeze_time("2026-01-15"):
            for order in orders:
                for line in self._fee_line(order):
                    if rng.random() < 0.5:
                        day = date(2026, 1, rng.randint(2, 25))
                        order._fusion_change_item(line, quantity=rng.randint(0, 4), date=day)
                for _n in range(rng.randrange(4)):
                    day = f"2026-01-{rng.randint(1, 15):02}"
                    self._use(order, rng.choice([3, 120.5, 4000]), day)
        return orders

    def _random_subscription(self, rng):
        fee = self._product(
            "Fee",
            list_price=rng.choice([9.99, 49, 123.45]),
            fusion_recurring=True,
            taxes_id=rng.choice([False, self.vat.ids]),
        )
        plan = self._plan(
            f"plan_{self.env['fusion.billing.plan'].search_count([])}",
            invoice_mode=rng.choice(["post", "draft"]),
            fee_timing=rng.choice(["advance", "arrears"]),
            fee_ids=[Command.create({"product_id": fee.id, "quantity": rng.randint(1, 3)})],
        )
        usage = self._product("Usage", taxes_id=rng.choice([False, self.vat.ids]))
        self._charge(
            plan=plan,
            product_id=usage.id,
            price_per_unit=rng.choice([0.067, 1, 0.0001]),
            included_quota=rng.choice([0, 100]),
            currency_id=rng.choice([self.currency, self.foreign]).id,
        )
        products = [self.setup_product] if rng.random() < 0.4 else []
        pricelist = self.env["product.pricelist"].create(
            {"name": "Any", "currency_id": rng.choice([self.currency, self.foreign]).id}
        )
        return self._subscribe(products=products, plan=plan, pricelist_id=pricelist.id)

    # === WHAT IT SAYS === #

    def test_it_says_lines_days_taxes_and_how_each_amount_comes_about(self):
        (self.fee_product | self.usage_product).taxes_id = self.vat
        subscription = self._start(used=5)
        self._bill_on("2026-01-01")
        with freeze_time("2026-01-20"):
            [document] = subscription._fusion_upcoming_documents()
        self.assertEqual(
            [document[name] for name in ("type", "invoice_date", "untaxed", "tax", "total")],
            ["invoice", date(2026, 2, 1), 54, Decimal("11.34"), Decimal("65.34")],
        )
        fee, usage = document["lines"]
        self.assertEqual([fee["kind"], usage["kind"]], ["fee", "usage"])
        self.assertEqual(usage["last_day"], date(2026, 1, 31))
        self.assertEqual((usage["untaxed"], usage["taxes"]), (5, ["VAT 21 %"]))
        self.assertIn("Included in the plan", usage["receipt"])

    def test_a_credit_reads_as_a_credit_note(self):
        subscription = self._start(used=100)
        self._bill_on("2026-01-01", "2026-02-01")
        with freeze_time("2026-02-10"):
            subscription.fusion_usage_ids.quantity = 10
            [document] = subscription._fusion_upcoming_documents(date(2026, 2, 10))
        self.assertEqual((document["type"], document["untaxed"]), ("credit_note", 90))
        self.assertEqual([line["settles"] for line in document["lines"]], [-90])

    def test_somebody_of_the_portal_is_told_the_same(self):
        subscription = self._start(used=5)
        portal = self.env["res.users"].create(
            {
                "name": "Customer",
                "login": "customer",
                "partner_id": self.partner.id,
                "group_ids": [Command.set(self.env.ref("base.group_portal").ids)],
            }
        )
        with freeze_time("2026-01-20"):
            told = subscription.with_user(portal).sudo()._fusion_upcoming_documents()
            self.assertEqual(told, subscription._fusion_upcoming_documents())
            self.assertEqual(len(told), 2)

    def test_nothing_due_is_no_document(self):
        subscription = self._start()
        self._bill_on("2026-01-01")
        with freeze_time("2026-01-10"):
            self.assertEqual(subscription._fusion_upcoming_documents(date(2026, 1, 10)), [])

    @freeze_time("2026-01-10")
    def test_a_change_is_told_before_it_is_made(self):
        subscription = self._start(used=5)
        subscription._fusion_bill_until(date(2026, 1, 1))
        line = self._fee_line(subscription)
        end = date(2026, 1, 11)

        def what_if(change):
            return [doc["untaxed"] for doc in subscription._fusion_upcoming_documents(None, change)]

        self.assertEqual(what_if(None), [54])
        # 22 of 31 days of one more, and two of the next month.
        more = what_if(lambda o: o._fusion_change_item(line.with_env(o.env), quantity=2))
        self.assertEqual(more, [Decimal("137.78")])

        def close(order):
            timeline = order._fusion_timeline().closed_on(end)
            order._fusion_change_timeline(timeline, discard_usage=True)

        # 21 of 31 days of the fee are given back, and the usage until then is billed.
        self.assertEqual(what_if(close), [Decimal("28.19")])
        subscription._fusion_close(end)
        self.assertEqual(self._amounts_signed(subscription), [49, -28.19])

    # === NOTHING STAYS === #

    @freeze_time("2026-02-10")
    def test_nothing_of_a_preview_stays(self):
        service = self._service("app", webhook_url="https://example.com/hook")
        subscription = self._start(used=5, fusion_service_id=service.id)
        self.env.cr.flush()
        before, hooks = self._everything(), self._hooks()

        def change(order):
            order._fusion_change_item(self._fee_line(order), quantity=3)
            order.message_post(body=order.name, partner_ids=self.partner.ids)
            order.activity_schedule("mail.mail_activity_data_todo", user_id=self.env.uid)

        documents = subscription._fusion_upcoming_documents(None, change)
        self.assertEqual(len(documents), 2)
        self.assertEqual(self._hooks(), hooks)
        self.env.flush_all()
        self.assertEqual(self._everything(), before)

    def _everything(self):
        """All rows of the tables that billing writes to, as text, and the sequences of numbers."""
        names = """
            sale_order sale_order_line account_move account_move_line fusion_billing_rating
            fusion_billing_rating_request fusion_billing_item fusion_billing_webhook_delivery
            fusion_billing_threshold_crossing ir_cron_trigger mail_message mail_mail
            mail_activity mail_followers mail_notification res_partner
        """
        found = {
            table: self.env.execute_query(
                SQL("SELECT t::text FROM %s t ORDER BY 1", SQL.identifier(table))
            )
            for table in names.split()
        }
        found["numbers"] = self.env.execute_query(
            SQL(
                "SELECT sequencename, last_value FROM pg_sequences"
                " WHERE sequencename ~ '^ir_sequence_[0-9]+' ORDER BY 1"
            )
        )
        return found

    def _hooks(self):
        cr = self.env.cr
        return [
            (len(hooks._funcs), sorted(hooks.data))
            for hooks in (cr.precommit, cr.postcommit, cr.prerollback, cr.postrollback)
        ]

    def test_what_was_read_and_typed_before_a_rehearsal_is_still_there_after_it(self):
        subscription = self._start()
        form = Form(subscription)
        form.client_order_ref = "typed"
        subscription.note = "pending"
        draft = self.partner.new({"name": "not saved"}, origin=self.partner)
        with rehearsal(subscription) as rehearsed:
            self.assertIn("pending", rehearsed.note)
            rehearsed.note = "other"
            rehearsed.env.flush_all()
            rehearsed.partner_id.name = "never flushed"
        self.assertIn("pending", subscription.note)
        self.assertEqual(draft.name, "not saved")
        form.save()
        subscription.invalidate_recordset()
        self.assertEqual((subscription.client_order_ref, self.partner.name), ("typed", "Acme Ltd"))

    def test_what_fails_in_a_preview_leaves_nothing_and_is_told(self):
        subscription = self._start()

        def fail(order):
            order.note = "tried"
            order._fusion_keep_open()

        with self.assertRaises(UserError):
            subscription._fusion_upcoming_documents(None, fail)
        self.assertFalse(subscription.note)
        subscription.note = "works"
        self.env.flush_all()

    def test_a_rehearsal_refuses_to_write_through_records_that_are_not_its_own(self):
        subscription = self._start()
        with self.assertRaises(RuntimeError), rehearsal(subscription):
            subscription.note = "would be stored"
        self.env.invalidate_all(flush=False)

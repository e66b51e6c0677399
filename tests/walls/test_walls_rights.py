from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import freeze_time, new_test_user, tagged
from odoo.tools import mute_logger

from .walls_case import WallsCase

USERS = {
    "seller": "sales_team.group_sale_salesman_all_leads",
    "sales_manager": "sales_team.group_sale_manager",
    "invoicing": "account.group_account_invoice",
    "accountant": "account.group_account_manager",
    "clerk": "fusion_billing.group_user",
    "manager": "fusion_billing.group_manager",
}
# What people may write, because nothing is owed, settled or hidden by it.
FREE = {
    # Which app a subscription came from, and what that app calls it.
    ("sale.order", "fusion_service_id"),
    ("sale.order", "fusion_external_id"),
}


@tagged("post_install", "-at_install")
class TestWallsRights(WallsCase):
    """Whoever writes what over RPC, with real values: nothing is owed or settled differently."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = {
            name: new_test_user(cls.env, f"walls_{name}", groups=f"base.group_user,{group}")
            for name, group in USERS.items()
        }

    def setUp(self):
        super().setUp()
        self.other_plan = self._plan("other")
        self.subscription = self._start(used=7, products=self.fee_product | self.setup_product)
        self._run("2026-01-01")
        with freeze_time("2026-01-15"):
            self._rate()
        self.invoice = self._moves(self.subscription)
        self.draft = self.invoice.copy()
        self.env.flush_all()

    # === WRITING === #

    def _other_value(self, record, field):
        """A real value that a field does not have."""
        now = record[field.name]
        if field.type in ("char", "text", "html"):
            return "Something else"
        if field.type == "boolean":
            return not now
        if field.type in ("integer", "float", "monetary"):
            return (now or 0) + 7
        if field.type == "date":
            return "2026-06-06"
        if field.type == "datetime":
            return "2026-01-01 00:00:01"
        if field.type == "selection":
            return next(key for key in field.get_values(self.env) if key != now)
        if field.type == "many2one":
            return (self.env[field.comodel_name].search([], limit=2) - now)[:1].id or False
        if field.type in ("one2many", "many2many"):
            return [Command.clear()]
        return {"a": 1}

    def _stored(self, record, name):
        self.env.flush_all()
        self.env.invalidate_all()
        value = record.sudo()[name]
        return value.ids if isinstance(value, fields.Many2one | type(record)) else value

    @mute_logger("odoo.sql_db", "odoo.models", "odoo.addons.base.models.ir_rule")
    def _try_to_write(self, user, record, field):
        """Return whether a user could write another value into a field."""
        value = self._other_value(record.sudo(), field)
        before = self._stored(record, field.name)
        written = False
        with self.env.cr.savepoint() as savepoint:
            try:
                record.with_user(user).write({field.name: value})
                self.env.flush_all()
            except Exception:
                savepoint.rollback()
            else:
                written = self._stored(record, field.name) != before
                savepoint.rollback()
        self.env.invalidate_all()
        return written

    def _ours(self, model, only_prefixed=True):
        return [
            field
            for name, field in self.env[model]._fields.items()
            if (name.startswith("fusion_") or not only_prefixed)
            and name
            not in ("id", "create_uid", "create_date", "write_uid", "write_date", "display_name")
            and not (field.compute and not field.store and not field.inverse)
        ]

    @freeze_time("2026-01-16")
    def _assert_nothing_written(self, records, only_prefixed=True):
        written = [
            (name, record._name, field.name)
            for name, user in self.users.items()
            for record in records
            for field in self._ours(record._name, only_prefixed)
            if (record._name, field.name) not in FREE and self._try_to_write(user, record, field)
        ]
        self.assertFalse(written)

    def test_fields_of_ours_on_orders(self):
        self._assert_nothing_written([self.subscription])

    def test_fields_of_ours_on_order_lines(self):
        self._assert_nothing_written(list(self.subscription.order_line))

    def test_fields_of_ours_on_documents(self):
        self._assert_nothing_written([self.invoice, self.draft])

    def test_fields_of_ours_on_lines_of_documents(self):
        self._assert_nothing_written([*self.invoice.invoice_line_ids, *self.draft.invoice_line_ids])

    def test_ledger_and_timeline(self):
        self._assert_nothing_written(
            [
                self.subscription.fusion_rating_ids[:1],
                self.subscription.fusion_phase_ids,
                self.subscription.fusion_item_ids,
            ],
            only_prefixed=False,
        )

    # === CREATING === #

    def _refused(self, user, model, vals, **context):
        """Whether a user cannot create a record; what was created is returned otherwise."""
        with freeze_time("2026-01-16"):
            return self.env[model].with_user(user).with_context(**context).create(vals)

    def _document_line(self):
        return {
            "move_type": "out_invoice",
            "partner_id": self.partner.id,
            "invoice_line_ids": [Command.create({"name": "x", "price_unit": 1})],
        }

    def test_nobody_makes_a_document_that_settles(self):
        rating = self.subscription.fusion_rating_ids.filtered("charge_id")
        for name in ("invoicing", "accountant", "manager"):
            for context in (
                {"default_fusion_rating_id": rating.id, "default_fusion_settled": 7},
                {"default_fusion_settled": 7},
                {"fusion_engine": True, "fusion_copy": "bill again"},
            ):
                with self.subTest(name, context=context):
                    try:
                        move = self._refused(
                            self.users[name], "account.move", self._document_line(), **context
                        )
                    except (AccessError, UserError):
                        continue
                    self.assertFalse(move.sudo().invoice_line_ids.fusion_rating_id)
                    self.assertFalse(any(move.sudo().invoice_line_ids.mapped("fusion_settled")))
        self.assertStands(self.subscription, "2026-02-01", 49 + 200 + 7 + 49)

    def test_nobody_makes_a_line_that_settles(self):
        rating = self.subscription.fusion_rating_ids.filtered("charge_id")
        vals = {"move_id": self.draft.id, "name": "x", "price_unit": 1}
        for name in ("invoicing", "accountant", "manager"):
            for given, context in (
                ({"fusion_rating_id": rating.id}, {}),
                ({"fusion_settled": 7}, {}),
                ({}, {"default_fusion_rating_id": rating.id, "default_fusion_settled": 7}),
            ):
                try:
                    line = self._refused(
                        self.users[name], "account.move.line", {**vals, **given}, **context
                    )
                except (AccessError, UserError):
                    continue
                self.assertFalse(line.sudo().fusion_rating_id, (name, context))

    def test_nobody_makes_a_usage_line(self):
        vals = {
            "order_id": self.subscription.id,
            "product_id": self.usage_product.id,
            "price_unit": 1000,
        }
        other = self._charge(self._metric("others"))
        for name in ("seller", "sales_manager", "manager"):
            for given, context in (
                ({"fusion_charge_id": other.id}, {}),
                ({}, {"default_fusion_charge_id": other.id}),
            ):
                with self.subTest(name, context=context), self.env.cr.savepoint() as savepoint:
                    try:
                        line = self._refused(
                            self.users[name], "sale.order.line", {**vals, **given}, **context
                        )
                    except (AccessError, UserError):
                        continue
                    self.assertFalse(line.sudo().fusion_charge_id)
                    savepoint.rollback()
        self.assertStands(self.subscription, "2026-02-01", 49 + 200 + 7 + 49)

    def test_nobody_makes_a_subscription_that_runs_already(self):
        for name in ("seller", "sales_manager", "manager"):
            for field, value in (
                ("fusion_state", "3_progress"),
                ("fusion_next_invoice_date", "2026-03-01"),
                ("fusion_last_invoice_date", "2026-02-01"),
            ):
                for given, context in (({field: value}, {}), ({}, {f"default_{field}": value})):
                    with (
                        self.subTest(name, field=field, context=context),
                        self.env.cr.savepoint() as savepoint,
                    ):
                        try:
                            order = self._refused(
                                self.users[name],
                                "sale.order",
                                {
                                    "partner_id": self.partner.id,
                                    "fusion_plan_id": self.plan.id,
                                    **given,
                                },
                                **context,
                            )
                            self.env.flush_all()
                        except (AccessError, UserError):
                            savepoint.rollback()
                            continue
                        self.assertNotEqual(str(order.sudo()[field]), value)
                        savepoint.rollback()

    def test_a_duplicate_with_other_values_settles_nothing(self):
        """`copy()` takes default values from whoever calls it."""
        user = self.users["accountant"]
        line = self.invoice.invoice_line_ids[:1]
        for default in (
            {"fusion_post_at": "2026-01-01 00:00:00"},
            {"fusion_bill_on": "2026-01-01"},
            {
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": "x",
                            "price_unit": 1,
                            "fusion_rating_id": line.fusion_rating_id.id,
                            "fusion_settled": 49,
                        }
                    )
                ]
            },
        ):
            with self.subTest(default=default):
                try:
                    copy = self.invoice.with_user(user).copy(default)
                except (AccessError, UserError):
                    continue
                self.assertFalse(copy.sudo().fusion_post_at)
                self.assertFalse(copy.sudo().fusion_bill_on)
                self.assertFalse(copy.sudo().invoice_line_ids.fusion_rating_id)

    def test_sales_users_work_on_orders_of_subscriptions_as_on_others(self):
        seller = self.users["seller"]
        with freeze_time("2026-01-16"):
            order = self.subscription.with_user(seller)
            self._add_line(order, self.setup_product.with_user(seller))
            self._edit(
                self._line(self.subscription, self.fee_product).with_user(seller), product_uom_qty=2
            )
            self._discount(order, "sol_discount", percentage=0)
            order.action_lock()
            order.action_unlock()
            order.copy()
        # 15 of 31 days with one seat: 23.71; 16 with two: 50.58.
        self.assertStands(self.subscription, "2026-02-01", 400 + 23.71 + 50.58 + 7 + 98)

    def test_invoicing_users_work_on_documents_of_subscriptions_as_on_others(self):
        invoicing = self.users["invoicing"]
        invoice = self.invoice.with_user(invoicing)
        self._reverse(invoice, modify=True)
        with freeze_time("2026-01-16"):
            invoice.copy().unlink()
        self.assertStands(self.subscription, "2026-02-01", 249 + 7 + 49)

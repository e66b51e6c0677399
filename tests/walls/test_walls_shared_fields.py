"""Who reads and writes what we add to models that are not ours."""

import itertools

from odoo.tests import tagged

from ..rpc_case import TRANSPORTS
from .roles import ROLES
from .roles_case import SHARED, RolesCase


@tagged("post_install", "-at_install")
class TestWallsSharedFields(RolesCase):
    def test_the_table_knows_every_field_of_ours_on_other_models(self):
        fields = {
            f"{model._name}.{name}"
            for model in self.env.values()
            for name, field in model._fields.items()
            if name.startswith("fusion_") and not field.inherited
        }
        self.assertEqual(fields, set(SHARED))

    def test_each_role_reads_and_writes_exactly_these(self):
        people = {
            **self.people,
            "public": self.env.ref("base.public_user"),
            "api": self.env.ref("fusion_billing.user_api"),
        }
        for (model, name, row), role in itertools.product(self._fields_of_ours(), ROLES):
            records = self.env[model].with_user(people[role])
            field = records._fields[name]
            taken = field.store or field.inverse
            rights = {
                operation[0]
                for operation in ("read", "write")
                if records.has_access(operation)
                and records._has_field_access(field, operation)
                and (taken or operation == "read")
            }
            with self.subTest(model, field=name, role=role):
                self.assertEqual(rights, set(row[role]) - {"-"})

    def _fields_of_ours(self):
        for path, row in SHARED.items():
            model, _dot, name = path.rpartition(".")
            yield model, name, row

    def test_what_a_role_may_not_read_or_write_is_refused_over_every_way_in(self):
        turns = itertools.cycle(TRANSPORTS)
        some = {model: self._some(model) for model, _name, _row in self._fields_of_ours()}
        self.at_first = self._rows()
        for (model, name, row), role in itertools.product(self._fields_of_ours(), self.people):
            ids = some[model].ids
            for letter, method, arguments in (
                ("r", "read", {"fields": [name]}),
                ("w", "write", {"vals": {name: False}}),
            ):
                if letter in row[role] or self._is_left_alone(role, model, name, method):
                    continue
                with self.subTest(model, field=name, role=role, way=method), self.forgotten():
                    user, transport = self.people[role], next(turns)
                    answer = self.rpc(transport, user, model, method, ids, **arguments)
                    self.assertTrue(answer.error)
                    self.assertNothingChanged()

    def _is_left_alone(self, role, model, name, method):
        """Whether it is a write of what is only computed, by somebody who may write the rest."""
        field = self.env[model]._fields[name]
        may_write = self.env[model].with_user(self.people[role]).has_access("write")
        return method == "write" and may_write and not (field.store or field.inverse)

    def _some(self, model):
        """A record of the world, or a new one."""
        if model == "product.template":
            return self.home["product.product"].product_tmpl_id
        return self.home.get(model) or self.env[model].create({})

    def test_a_customer_does_not_read_what_is_wrong_with_their_subscription(self):
        order = self._as(self.people["portal"], self.home["sale.order"])
        answer = self.rpc(
            "session",
            self.people["portal"],
            "sale.order",
            "read",
            order.ids,
            fields=["fusion_error"],
        )
        self.assertTrue(order.has_access("read"))
        self.assertTrue(answer.error)

"""Who may press which button, over whatever way in: every public method of ours."""

import itertools

from odoo.tests import tagged

from ..rpc_case import REFUSED, TRANSPORTS, WRONG
from .roles import EVERYBODYS, INCLUDED
from .roles_case import METHODS, RolesCase

OUR_PACKAGE = "odoo.addons.fusion_billing"


@tagged("post_install", "-at_install")
class TestWallsMethods(RolesCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        abroad = cls.env["res.company"].create({"name": "Abroad"})
        for model in {name.rpartition(".")[0] for name in METHODS}:
            cls.home.setdefault(model, cls.env[model])  # those that have no records
        cls.people["stranger"] = cls._user("stranger", "manager", abroad)
        cls.env.flush_all()

    def _public_methods(self):
        """The methods that we add to models, and that can be called over RPC: `model.method`."""
        return {
            f"{name}.{method}"
            for name, model in self.env.registry.items()
            for method in dir(model)
            if not method.startswith("_")
            and callable(getattr(model, method))
            and (classes := [cls for cls in model.mro() if method in vars(cls)])
            and all(cls.__module__.startswith(OUR_PACKAGE) for cls in classes)
        }

    def test_the_table_knows_every_public_method_of_ours(self):
        self.assertEqual(self._public_methods(), set(METHODS))

    def _calls(self):
        """`(turn, role, model, method, whether the role may call it)`"""
        calls = itertools.product(METHODS.items(), (*self.people, "public"))
        for turn, ((name, row), role) in enumerate(calls):
            model, _dot, method = name.rpartition(".")
            # What has no records is asked about one's own company.
            is_own = role == "stranger" and self.env[model]._abstract
            if role != "stranger" or model not in EVERYBODYS:
                yield turn, role, model, method, is_own or role in INCLUDED[row["role"]]

    def _call(self, turn, role, records, method):
        transport = TRANSPORTS[turn % len(TRANSPORTS)]
        return self.rpc(transport, self.people.get(role), records._name, method, records.ids)

    def test_who_may_not_call_a_method_is_refused(self):
        for turn, role, model, method, allowed in self._calls():
            if not allowed:
                with self.subTest(model, method=method, role=role), self.forgotten():
                    self.assertRefused(role, self._call(turn, role, self.home[model], method))

    def test_who_may_call_a_method_is_not_refused(self):
        for turn, role, model, method, allowed in self._calls():
            if allowed:
                with self.subTest(model, method=method, role=role), self.forgotten():
                    answer = self._call(turn, role, self._own(role, model), method)
                    self.assertIn(answer.error, ("", WRONG), answer.text)

    def test_nobody_calls_a_private_method(self):
        order = self.home["sale.order"]
        for transport, method in itertools.product(TRANSPORTS, ("_fusion_close", "_fusion_pause")):
            with self.subTest(transport, method=method):
                manager = self.people["manager"]
                answer = self.rpc(transport, manager, "sale.order", method, order.ids)
                self.assertEqual(answer.error, REFUSED)
                self.assertNothingChanged()

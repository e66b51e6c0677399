"""What each role may do with each model, tried over each of Odoo's ways in: the whole table."""

import itertools
from collections.abc import Callable
from typing import NamedTuple

from odoo.exceptions import AccessDenied
from odoo.tests import tagged
from odoo.tools import groupby

from ..rpc_case import TRANSPORTS, UNKNOWN
from ..world_case import MADE_OF, OTHERWISE
from .roles import CHANGES, ROLES
from .roles_case import RIGHTS, RolesCase

OPERATIONS = {"r": "read", "w": "write", "c": "create", "d": "unlink"}


class Cell(NamedTuple):
    """What the table says of one right."""

    model: str
    role: str
    right: str
    allowed: bool


class Way(NamedTuple):
    """A method with which a right is used.

    :param arguments: function of the ids of records, of values that change one, and of values
        that make one
    """

    method: str
    of_records: bool
    arguments: Callable


READ = (
    Way("read", True, lambda *_: {"fields": ["display_name"]}),
    Way("search_read", False, lambda ids, *_: {"domain": [("id", "in", ids)], "fields": ["id"]}),
    Way("web_read", True, lambda *_: {"specification": {"display_name": {}}}),
    Way(
        "web_search_read",
        False,
        lambda ids, *_: {"domain": [("id", "in", ids)], "specification": {"display_name": {}}},
    ),
    Way("name_search", False, lambda ids, *_: {"domain": [("id", "in", ids)]}),
    Way("search_count", False, lambda ids, *_: {"domain": [("id", "in", ids)]}),
    Way(
        "formatted_read_group",
        False,
        lambda ids, *_: {"domain": [("id", "in", ids)], "groupby": ["id"]},
    ),
)
WRITE = (
    Way("write", True, lambda _ids, vals, _new: {"vals": vals}),
    Way("web_save", True, lambda _ids, vals, _new: {"vals": vals, "specification": {}}),
)
CREATE = (
    Way("create", False, lambda _ids, _vals, new: {"vals_list": [new]}),
    Way("web_save", True, lambda _ids, _vals, new: {"vals": new, "specification": {}}),
)
UNLINK = (Way("unlink", True, lambda *_: {}),)
WAYS = {"r": READ, "w": WRITE, "c": CREATE, "d": UNLINK}
# What else could read, or make a record, and is tried by those who may not.
BACK_DOORS = {
    "r": (Way("export_data", True, lambda *_: {"fields_to_export": ["display_name"]}),),
    "c": (
        Way("copy", True, lambda *_: {}),
        Way("name_create", False, lambda *_: {"name": "Other"}),
        Way(
            "load", False, lambda _ids, vals, _new: {"fields": [*vals], "data": [["1"] * len(vals)]}
        ),
        Way(
            "onchange",
            True,
            lambda _ids, _vals, new: {
                "values": new,
                "field_names": [*new],
                "fields_spec": {"display_name": {}},
            },
        ),
    ),
}


@tagged("post_install", "-at_install")
class TestRoles(RolesCase):
    """Each role tries each right to each model; the ways to do it take turns."""

    def test_the_table_knows_every_model_of_ours(self):
        ours = {name for name in self.env.registry if name.startswith("fusion.billing.")}
        self.assertFalse(RIGHTS.keys() - ours)
        for model in ours - RIGHTS.keys():
            with self.subTest(model=model):
                self.assertTrue(self.env[model]._abstract)
                self.assertFalse(
                    self.env["ir.model.access"].search([("model_id.model", "=", model)])
                )

    def test_each_role_has_exactly_these_rights(self):
        people = {
            **self.people,
            "public": self.env.ref("base.public_user"),
            "api": self.env.ref("fusion_billing.user_api"),
        }
        for model, role in itertools.product(RIGHTS, ROLES):
            records = self.env[model].with_user(people[role])
            rights = {right for right, name in OPERATIONS.items() if records.has_access(name)}
            with self.subTest(model=model, role=role):
                self.assertEqual(rights, set(RIGHTS[model][role]) - {"-"})

    def test_nobody_logs_in_as_the_technical_user_of_the_api(self):
        user = self.env.ref("fusion_billing.user_api")
        self.assertFalse(user._is_internal() or user.active)
        for password in ("", user.login):
            with self.assertRaises(AccessDenied):
                self.env["res.users"]._login(
                    {"type": "password", "login": user.login, "password": password},
                    {"interactive": True},
                )
        self.log_in_with_key(user)
        for transport in ("json2", "xmlrpc"):
            with self.subTest(transport):
                answer = self.rpc(transport, user, "res.partner", "search_count", domain=[])
                self.assertEqual(answer.error, UNKNOWN)

    def test_what_the_table_allows_is_done_and_what_it_does_not_is_refused(self):
        turns = {right: itertools.count() for right in OPERATIONS}
        for cell in self._sample():
            turn, ways = next(turns[cell.right]), self._ways(cell)
            self._try(cell, ways[turn % len(ways)], TRANSPORTS[turn % len(TRANSPORTS)])

    def _cells(self):
        for model, right in itertools.product(CHANGES, OPERATIONS):
            for role in (*self.people, "public"):
                yield Cell(model, role, right, right in RIGHTS[model][role])

    def _sample(self):
        """Of roles that have no right to a model, one right for each: another one each time."""
        for turn, (model, cells) in enumerate(groupby(self._cells(), lambda cell: cell.model)):
            for cell in cells:
                place = [*self.people, "public"].index(cell.role) + turn
                if RIGHTS[model][cell.role] != "-" or cell.right == "rwcd"[place % 4]:
                    yield cell

    def _ways(self, cell):
        if cell.allowed:
            return WAYS[cell.right]
        ways = (*WAYS[cell.right], *BACK_DOORS.get(cell.right, ()))
        named = self.env[cell.model]._rec_name
        return [way for way in ways if named or way.method != "name_create"]

    def _try(self, cell, way, transport):
        """Try one way to use a right, and forget it."""
        with (
            self.subTest(cell.model, role=cell.role, way=way.method, transport=transport),
            self.forgotten(),
        ):
            if cell.allowed:
                self._do(cell, way, transport)
            else:
                self._refuse(cell, way, transport)

    def _do(self, cell, way, transport):
        record = self._own(cell.role, cell.model) if cell.right != "c" else self.home[cell.model]
        new = MADE_OF[cell.model] and self._new(cell.model, self.people[cell.role])
        before = self._rows() if cell.right != "r" else None
        answer = self._ask(cell, way, transport, record, new)
        self.assertFalse(answer.error, answer.text)
        self.assertTrue(answer.value)
        if cell.right != "r":
            self.assertNotEqual(self._rows(), before)

    def _refuse(self, cell, way, transport):
        new = CHANGES[cell.model]
        if MADE_OF[cell.model]:
            new = MADE_OF[cell.model](self.home) | OTHERWISE.get(cell.model, {})
        answer = self._ask(cell, way, transport, self.home[cell.model], new)
        if way.method == "load" and not answer.error:
            self.assertFalse(answer.value["ids"])  # a refused import says so in a list
            self.assertNothingChanged()
        else:
            self.assertRefused(cell.role, answer)

    def _ask(self, cell, way, transport, record, new):
        ids = record.ids if way.of_records else None
        if cell.right == "c" and way.method != "copy":
            ids = ids and []
        arguments = way.arguments(record.ids, CHANGES[cell.model], new)
        return self.rpc(
            transport, self.people.get(cell.role), cell.model, way.method, ids, **arguments
        )


@tagged("post_install", "-at_install", "-standard", "exhaustive")
class TestRolesEveryWay(TestRoles):
    """Each way over each transport: what an ordinary run has no time for."""

    def test_what_the_table_allows_is_done_and_what_it_does_not_is_refused(self):
        for cell in self._cells():
            for way, transport in itertools.product(self._ways(cell), TRANSPORTS):
                self._try(cell, way, transport)

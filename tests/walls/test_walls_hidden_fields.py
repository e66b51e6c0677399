"""A field with `groups` is hidden from everybody else, by whatever path they ask for it."""

from odoo.tests import tagged
from odoo.tools import groupby

from ..rpc_case import TRANSPORTS
from ..world_case import MADE_OF
from .roles_case import RolesCase


@tagged("post_install", "-at_install")
class TestWallsHiddenFields(RolesCase):
    EVERY = 3  # ways, of which an ordinary run has time for one

    def _hidden(self):
        """Who may read records of a model, but not a field of ours: `(role, model, field)`."""
        for role, user in self.people.items():
            for model in [*MADE_OF, "res.users", "account.bank.statement.line"]:
                records = self.env[model].with_user(user)
                if not records.has_access("read"):
                    continue
                for name, field in records._fields.items():
                    ours = model.startswith("fusion.billing.") or name.startswith("fusion_")
                    if ours and field.groups and not records._has_field_access(field, "read"):
                        yield role, model, name

    def _ways(self, role, model, name):
        """Calls that would show the field: `(model, method, ids, arguments)`."""
        ids = self._visible(role, model)
        yield model, "read", ids, {"fields": [name]}
        yield model, "web_read", ids, {"specification": {name: {}}}
        yield model, "export_data", ids, {"fields_to_export": [name]}
        yield model, "search_count", None, {"domain": [(name, "!=", False)]}
        yield model, "search_read", None, {"domain": [], "fields": [name]}
        yield model, "search_read", None, {"domain": [], "fields": ["id"], "order": name}
        yield model, "formatted_read_group", None, {"domain": [], "groupby": [name]}
        aggregates = {"aggregates": [f"{name}:count"]}
        yield model, "formatted_read_group", None, {"domain": [], "groupby": [], **aggregates}
        for others, field in self._naming(role, model):
            other, path = others._name, f"{field}.{name}"
            nested = {field: {"fields": {name: {}}}}
            yield other, "search_count", None, {"domain": [(path, "!=", False)]}
            yield other, "web_read", others.ids, {"specification": nested}
            yield other, "export_data", others.ids, {"fields_to_export": [f"{field}/{name}"]}

    def _naming(self, role, model):
        """A record that names one of a model, among those that the role may read; and how."""
        for other in MADE_OF:
            records = self._as(self.people[role], self.env[other])
            for name, field in records._fields.items():
                if (
                    field.comodel_name == model
                    and field.type == "many2one"
                    and field.store
                    and records.has_access("read")
                    and records._has_field_access(field, "read")
                    and (found := records.search([(name, "!=", False)], limit=1))
                ):
                    return [(found, name)]
        return []

    def _visible(self, role, model):
        records = self._as(self.people[role], self.env[model])
        return records.search([], limit=1, order="id desc").ids

    def test_nobody_gets_at_a_hidden_field(self):
        hidden = list(self._hidden())
        self.assertGreater(len(hidden), 30)
        ways = ((hides, way) for hides in hidden for way in self._ways(*hides))
        for number, ((role, model, name), (asked, method, ids, arguments)) in enumerate(ways):
            if ids != [] and number % self.EVERY == 0:
                transport = TRANSPORTS[number // self.EVERY % len(TRANSPORTS)]
                with self.subTest(model, field=name, role=role, way=method, args=arguments):
                    user = self.people[role]
                    answer = self.rpc(transport, user, asked, method, ids, **arguments)
                    self.assertTrue(answer.error, answer)

    def test_a_hidden_field_is_not_told_of(self):
        for (role, model), fields in groupby(self._hidden(), lambda hidden: hidden[:2]):
            told = self.rpc("session", self.people[role], model, "fields_get").value
            with self.subTest(model, role=role):
                self.assertFalse(told.keys() & {name for _role, _model, name in fields})


@tagged("post_install", "-at_install", "-standard", "exhaustive")
class TestWallsHiddenFieldsEveryWay(TestWallsHiddenFields):
    """All of them: what an ordinary run has no time for."""

    allow_inherited_tests_method = True
    EVERY = 1

"""People of each role, a world for them, and whether what they try is done or refused."""

from odoo.fields import Command
from odoo.tests import new_test_user
from odoo.tools import SQL

from ..rpc_case import REFUSED, UNKNOWN, RpcCase
from ..world_case import MADE_OF, WorldCase
from .roles import GROUPS, METHODS, RIGHTS, SHARED, rows

RIGHTS, SHARED, METHODS = rows(RIGHTS), rows(SHARED), rows(METHODS)


class RolesCase(WorldCase, RpcCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        home = cls.env.company
        cls.people = {
            role: new_test_user(
                cls.env,
                f"role_{role}",
                groups=f"{groups},base.group_allow_export",
                company_id=home.id,
                company_ids=[Command.set(home.ids)],
                **({"partner_id": cls.home["res.partner"].id} if role == "portal" else {}),
            )
            for role, groups in GROUPS.items()
        }
        cls.tables = sorted({cls.env[model]._table for model in MADE_OF})
        cls.env.flush_all()

    def setUp(self):
        super().setUp()
        self.log_in(self.people.values())
        self.at_first = self._rows()

    def _own(self, role, model):
        """A record of somebody's, or one of others if they may make none."""
        user = self.people[role]
        if "c" not in RIGHTS.get(model, {}).get(role, ""):
            return self._as(user, self.home[model])
        return self._as(user, self.env[model]).create(self._new(model, user))

    # === WHAT BECAME OF IT === #

    def _rows(self):
        """What the database holds of all these models."""
        self.env.flush_all()
        digests = SQL(", ").join(
            SQL(
                "(SELECT md5(string_agg(t::text, '|' ORDER BY id)) FROM %s t)",
                SQL.identifier(table),
            )
            for table in self.tables
        )
        [row] = self.env.execute_query(SQL("SELECT %s", digests))
        return dict(zip(self.tables, row, strict=True))

    def assertRefused(self, role, answer):
        """Who is known may not; who is not known has to log in; and nothing became of it."""
        self.assertEqual(answer.error, REFUSED if role in self.people else UNKNOWN, answer)
        self.assertNothingChanged()

    def assertNothingChanged(self):
        self.assertEqual(self._rows(), self.at_first)

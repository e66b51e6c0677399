"""Nobody gets a record into another company, nor reads one by naming it: every relation of ours."""

import itertools

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..rpc_case import TRANSPORTS, RpcCase
from ..world_case import MADE_OF, WorldCase

OURS = {model for model in MADE_OF if model.startswith("fusion.billing.")}
# Documents need a chart of accounts, which only the first company has.
NOT_ABROAD = (
    "account.move",
    "account.move.line",
    "payment.transaction",
    "fusion.billing.collection.attempt",
    "fusion.billing.invoice.wizard",
)


class Ignored(UserError):
    """What was given is not taken: as good as a refusal."""


@tagged("post_install", "-at_install")
class TestWallsCompanies(WorldCase, RpcCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        abroad = cls.env["res.company"].create({"name": "Abroad"})
        cls.abroad = cls._world(abroad, without=NOT_ABROAD)
        cls.everywhere = cls._user("everywhere", "manager", cls.env.company | abroad)
        cls.transports = itertools.cycle(TRANSPORTS)
        cls.env.flush_all()

    # === WHAT IS TRIED === #

    def _relations(self, model):
        """The relations of a model that can be written, to models of which there is one abroad."""
        return [
            field
            for field in self.env[model]._fields.values()
            if field.comodel_name in self.abroad
            and (field.store or field.inverse or field.inherited or field.type == "one2many")
            and (model in OURS or field.name.startswith("fusion_"))
            and not field.name.startswith(("message_", "activity_"))
        ]

    def _value(self, field):
        foreign = self.abroad[field.comodel_name]
        return foreign.id if field.type == "many2one" else [Command.link(foreign.id)]

    def _fields(self):
        return [(model, field) for model in MADE_OF for field in self._relations(model)]

    def test_the_table_knows_every_model_of_ours_and_every_relation_of_ours_on_others(self):
        ours = {
            name
            for name, model in self.env.registry.items()
            if name.startswith("fusion.billing.") and not model._abstract
        }
        shared = {
            name
            for name, model in self.env.registry.items()
            for field in model._fields.values()
            if field.name.startswith("fusion_") and field.relational and field.store
        }
        self.assertFalse((ours | shared) - MADE_OF.keys())
        self.assertTrue(all(map(len, self.home.values())))
        self.assertGreater(len(self._fields()), 90)

    def _writers(self, model):
        """Who tries it: those with the most rights. They may have dialogs of either company."""
        if self.home[model].is_transient():
            return [("manager", self.users["manager"])]
        return [("everywhere", self.everywhere)]

    def _creators(self, model):
        manager = self.users["manager"]
        return [("manager", manager)] if self._may_create(manager, model) else []

    def test_nobody_writes_a_record_of_another_company_into_one_of_theirs(self):
        self.log_in([*self.users.values(), self.everywhere])
        for model, field in self._fields():
            for name, user in self._writers(model):
                transport, ids = next(self.transports), self.home[model].ids
                vals = {field.name: self._value(field)}
                with (
                    self.subTest(name, model=model, field=field.name, transport=transport),
                    self.forgotten(),
                ):
                    answer = self.rpc(transport, user, model, "write", ids, vals=vals)
                    self.assertTrue(answer.error)

    def test_nobody_creates_a_record_that_names_one_of_another_company(self):
        self.log_in(self.users.values())
        for model, field in self._fields():
            for name, user in self._creators(model):
                transport = next(self.transports)
                with (
                    self.subTest(name, model=model, field=field.name, transport=transport),
                    self.forgotten(),
                ):
                    vals = {**self._new(model, user), field.name: self._value(field)}
                    answer = self.rpc(transport, user, model, "create", vals_list=[vals])
                    if not answer.error:  # what was given is not taken: as good as a refusal
                        made = self.env[model].browse(answer.value)
                        self.assertNotIn(self.abroad[field.comodel_name], made[field.name])

    def _name(self, record, field):
        """:raise Ignored: the record does not name the foreign one after all"""
        self.env.flush_all()
        self.env.invalidate_all()
        if self.abroad[field.comodel_name] not in record.sudo()[field.name]:
            raise Ignored(field.name)

    def test_a_default_in_the_context_names_no_record_of_another_company(self):
        manager = self.users["manager"]
        for model, field in self._fields():
            if not self._may_create(manager, model) or field.type != "many2one":
                continue
            vals = {
                key: value for key, value in self._new(model, manager).items() if key != field.name
            }
            create = (
                self._as(manager, self.env[model])
                .with_context(**{f"default_{field.name}": self._value(field)})
                .create
            )
            with self.subTest(model=model, field=field.name):
                self.assertTrue(self._refuses(lambda: self._name(create(vals), field)))  # noqa: B023

    def test_people_make_what_names_records_of_their_own_company(self):
        """Otherwise the tests above prove nothing."""
        for name, user in self.users.items():
            for model in MADE_OF:
                if self._may_create(user, model):
                    create = self._as(user, self.env[model]).create
                    with self.subTest(name, model=model):
                        vals = self._new(model, user)
                        self.assertFalse(self._refuses(lambda: create(vals)))  # noqa: B023

    # === WHAT IS SHOWN === #

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_a_dialog_shows_nothing_of_another_company(self):
        manager = self.users["manager"]
        for model, field in self._fields():
            if not self.env[model].is_transient() or field.type != "many2one":
                continue
            foreign = self._value(field)
            dialog = self._as(manager, self.env[model])
            spec = {name: {} for name in self.env[model]._fields}
            with self.subTest(model=model, field=field.name):
                with self.assertRaises(AccessError):
                    dialog.onchange({field.name: foreign}, [field.name], spec)
                with self.assertRaises(AccessError):
                    dialog.with_context(**{f"default_{field.name}": foreign}).onchange({}, [], spec)

    def test_a_dialog_is_seen_by_who_opened_it(self):
        manager = self.users["manager"]
        for model, record in self.home.items():
            if model in MADE_OF and record.is_transient():
                with self.subTest(model=model):
                    self.assertFalse(self._as(manager, record).has_access("read"))

    def test_prices_without_a_charge_are_seen_by_who_makes_them(self):
        manager, colleague = self.users["manager"], self.everywhere
        prices = self._as(manager, self.env["fusion.billing.charge.version"]).create({})
        tier = prices.tier_ids.create({"version_id": prices.id, "unit_amount": 1})
        for record in prices, tier:
            self.assertTrue(record.has_access("write"))
            self.assertFalse(self._as(colleague, record).has_access("read"))

    # === WHAT FOLLOWS === #

    def test_t1_a_subscription_never_moves_to_a_plan_of_another_company(self):
        order, plan = self.home["sale.order"], self.abroad["fusion.billing.plan"]
        for day in (None, fields.Date.add(order._fusion_today(), years=1)):
            wizard = self._as(self.everywhere, self.env["fusion.billing.change.plan.wizard"])
            vals = {"subscription_id": order.id, "plan_id": plan.id, "date": day}
            with self.subTest(day=day):
                self.assertTrue(
                    self._refuses(lambda: wizard.create(vals).action_change_plan())  # noqa: B023
                )

    def test_a_subscription_stays_in_its_company(self):
        order = self._as(self.everywhere, self.home["sale.order"])
        abroad = self.abroad["res.company"].id
        self.assertTrue(self._refuses(lambda: order.write({"company_id": abroad})))

    def test_what_a_record_is_already_can_be_said_again(self):
        for model, field in self._fields():
            record = self._as(self.users["manager"], self.home[model])
            # A charge that has rated usage keeps its filters, too.
            kept = model == "fusion.billing.charge.filter" or not record.has_access("write")
            if getattr(field, "fixed", False) and not kept:
                record.write({field.name: record[field.name].id})


@tagged("post_install", "-at_install", "-standard", "exhaustive")
class TestWallsCompaniesEverybody(TestWallsCompanies):
    """What an ordinary run has no time for."""

    allow_inherited_tests_method = True

    def _writers(self, model):
        return [*self.users.items(), *super()._writers(model)]

    def _creators(self, model):
        return [(name, user) for name, user in self.users.items() if self._may_create(user, model)]

"""Nobody gets a record into another company, nor reads one by naming it: every relation of ours."""

from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import TransactionCase, new_test_user, tagged
from odoo.tools import mute_logger

PLAN = "fusion.billing.plan"
USAGE = {"period_start": "2026-01-10 00:00:00", "period_end": "2026-01-10 01:00:00", "quantity": 7}
# How a record of each model is made of others of its company, each after those that it names.
# A model of ours that is missing here, or a shared one that got a relation of ours, fails a test.
MADE_OF = {
    "res.company": None,
    "res.partner": lambda w: {"name": "Acme", "company_id": w["res.company"].id},
    "product.product": lambda w: {
        "name": "Calls",
        "type": "service",
        "taxes_id": False,
        "fusion_recurring": True,
        "company_id": w["res.company"].id,
    },
    "fusion.billing.time.zone": lambda w: {"company_id": w["res.company"].id, "name": "UTC"},
    "fusion.billing.service": lambda w: {"name": "Maps", "code": "maps"},
    "fusion.billing.api.key": lambda w: {
        "service_id": w["fusion.billing.service"].id,
        "name": "production",
        "key_hash": f"of {w['res.company'].id}",
    },
    "fusion.billing.webhook.secret": lambda w: {
        "service_id": w["fusion.billing.service"].id,
        "secret": "whsec_",
    },
    "fusion.billing.account.link": lambda w: {
        "service_id": w["fusion.billing.service"].id,
        "partner_id": w["res.partner"].id,
        "external_id": "acme",
    },
    "fusion.billing.metric": lambda w: {"name": "Calls", "code": "calls"},
    "fusion.billing.plan": lambda w: {"name": "Pro", "code": "pro"},
    "fusion.billing.plan.fee": lambda w: {
        "plan_id": w["fusion.billing.plan"].id,
        "product_id": w["product.product"].id,
    },
    "fusion.billing.charge": lambda w: {
        "plan_id": w["fusion.billing.plan"].id,
        "metric_id": w["fusion.billing.metric"].id,
        "product_id": w["product.product"].id,
        "price_per_unit": 1,
    },
    "fusion.billing.charge.version": lambda w: {
        "charge_id": w["fusion.billing.charge"].id,
        "valid_from": "2027-01-01",
        "charge_model": "graduated",
        "tier_ids": [Command.create({"sequence": 99, "unit_amount": 1})],
    },
    "fusion.billing.charge.tier": lambda w: {
        "version_id": w["fusion.billing.charge.version"].id,
        "up_to": 10,
    },
    "fusion.billing.charge.filter": lambda w: {
        "charge_id": w["fusion.billing.charge"].id,
        "dimension": "region",
        "dimension_values": "eu",
    },
    "sale.order": lambda w: {
        "partner_id": w["res.partner"].id,
        "fusion_plan_id": w["fusion.billing.plan"].id,
        "fusion_service_id": w["fusion.billing.service"].id,
        "fusion_start_date": "2026-01-01",
    },
    "sale.order.line": lambda w: {
        "order_id": w["sale.order"].id,
        "product_id": w["product.product"].id,
    },
    "fusion.billing.phase": None,
    "fusion.billing.item": None,
    "fusion.billing.usage": lambda w: {
        "subscription_id": w["sale.order"].id,
        "metric_id": w["fusion.billing.metric"].id,
        "dimensions": {"region": "eu"},
        **USAGE,
    },
    "fusion.billing.usage.correction": None,
    "fusion.billing.threshold": lambda w: {
        "subscription_id": w["sale.order"].id,
        "threshold_value": 80,
    },
    "fusion.billing.threshold.crossing": lambda w: {
        "threshold_id": w["fusion.billing.threshold"].id,
        "subscription_id": w["sale.order"].id,
        "cycle_start": "2026-01-01",
    },
    "fusion.billing.rating": None,
    "fusion.billing.rating.request": lambda w: {"subscription_id": w["sale.order"].id},
    "fusion.billing.webhook.delivery": lambda w: {
        "service_id": w["fusion.billing.service"].id,
        "event_id": "evt_1",
        "event_type": "invoice.paid",
        "body": "{}",
    },
    "fusion.billing.webhook.attempt": lambda w: {
        "delivery_id": w["fusion.billing.webhook.delivery"].id,
        "service_id": w["fusion.billing.service"].id,
        "started_at": "2026-01-10 00:00:00",
        "outcome": "success",
    },
    "account.move": lambda w: {"move_type": "out_invoice", "partner_id": w["res.partner"].id},
    "account.move.line": lambda w: {"move_id": w["account.move"].id, "name": "x"},
    # Dialogs.
    "fusion.billing.api.key.wizard": lambda w: {"service_id": w["fusion.billing.service"].id},
    "fusion.billing.webhook.secret.wizard": lambda w: {
        "service_id": w["fusion.billing.service"].id
    },
    "fusion.billing.webhook.replay.wizard": lambda w: {
        "service_id": w["fusion.billing.service"].id
    },
    "fusion.billing.change.plan.wizard": lambda w: {
        "subscription_id": w["sale.order"].id,
        "plan_id": w["fusion.billing.plan"].id,
    },
    "fusion.billing.close.wizard": lambda w: {"subscription_id": w["sale.order"].id},
    "fusion.billing.pause.wizard": lambda w: {"subscription_id": w["sale.order"].id},
    "fusion.billing.reopen.wizard": lambda w: {
        "subscription_id": w["sale.order"].id,
        "date": "2026-03-01",
    },
    "fusion.billing.item.wizard": lambda w: {"subscription_id": w["sale.order"].id},
    "fusion.billing.waive.wizard": lambda w: {"reason": "Gift"},
    "fusion.billing.estimate.wizard": lambda w: {"plan_id": w["fusion.billing.plan"].id},
    "fusion.billing.estimate.wizard.line": lambda w: {
        "wizard_id": w["fusion.billing.estimate.wizard"].id,
        "metric_id": w["fusion.billing.metric"].id,
    },
}
# What only the engine makes, and where it is found.
FOUND = {
    "res.company": lambda w: w["res.company"],
    "fusion.billing.phase": lambda w: w["sale.order"].fusion_phase_ids,
    "fusion.billing.item": lambda w: w["sale.order"].fusion_item_ids,
    "fusion.billing.usage.correction": lambda w: w["fusion.billing.usage"].correction_ids,
    "fusion.billing.rating": lambda w: w["sale.order"].fusion_rating_ids,
}
OURS = {model for model in MADE_OF if model.startswith("fusion.billing.")}
# Documents need a chart of accounts, which only the first company has.
NOT_ABROAD = ("account.move", "account.move.line")


class Ignored(UserError):
    """What was given is not taken: as good as a refusal."""


@tagged("post_install", "-at_install")
class TestWallsCompanies(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": True})
        home, abroad = cls.env.company, cls.env["res.company"].create({"name": "Abroad"})
        cls.home, cls.abroad = cls._world(home), cls._world(abroad, without=NOT_ABROAD)
        cls.users = {
            "manager": cls._user("manager", "manager", home),
            "clerk": cls._user("clerk", "user", home),
        }
        cls.everywhere = cls._user("everywhere", "manager", home | abroad)
        cls.env.flush_all()

    @classmethod
    def _user(cls, login, group, companies):
        return new_test_user(
            cls.env,
            f"walls_{login}",
            groups=f"base.group_user,fusion_billing.group_{group}",
            company_id=companies[0].id,
            company_ids=[Command.set(companies.ids)],
        )

    @classmethod
    def _world(cls, company, without=()):
        """One record of each model, all of one company."""
        env = cls.env(context={**cls.env.context, "allowed_company_ids": company.ids})
        world = {"res.company": company.with_env(env)}
        for model, make in MADE_OF.items():
            if model in without:
                continue
            if make:
                world[model] = env[model].create(make(world))
                world[model].flush_recordset()
            else:
                world[model] = FOUND[model](world)[:1]
            getattr(cls, f"_after_{model.rpartition('.')[2]}", lambda world: None)(world)
        return world

    @classmethod
    def _after_line(cls, world):
        order = world["sale.order"]
        if order.state == "draft":
            order.action_confirm()

    @classmethod
    def _after_filter(cls, world):
        """A charge that has rated nothing, as others keep what they are."""
        vals = MADE_OF["fusion.billing.charge"](world)
        charges = world["fusion.billing.charge"]
        plan = world["fusion.billing.plan"].create({"name": "Spare", "code": "spare"})
        world["spare"] = charges.create({**vals, "plan_id": plan.id})

    @classmethod
    def _after_usage(cls, world):
        world["fusion.billing.usage"].quantity = 8
        world["sale.order"].env["fusion.billing.rating"]._rate_requested(world["sale.order"])

    # === WHAT IS TRIED === #

    def _as(self, user, record):
        return record.with_user(user).with_context(allowed_company_ids=user.company_ids.ids)

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

    @mute_logger("odoo.addons.base.models.ir_rule", "odoo.sql_db")
    def _refuses(self, act):
        """Whether something ends in a sentence; nothing of it stays."""
        with self.env.cr.savepoint() as savepoint:
            try:
                act()
                self.env.flush_all()
            except (AccessError, UserError, IntegrityError):
                return True
            finally:
                savepoint.rollback()
                self.env.invalidate_all()
        return False

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

    def test_nobody_writes_a_record_of_another_company_into_one_of_theirs(self):
        for name, user in (*self.users.items(), ("everywhere", self.everywhere)):
            for model, field in self._fields():
                if name == "everywhere" and self.home[model].is_transient():
                    continue  # they may have dialogs of either company
                record = self._as(user, self.home[model])
                with self.subTest(name, model=model, field=field.name):
                    vals = {field.name: self._value(field)}
                    self.assertTrue(self._refuses(lambda: record.write(vals)))  # noqa: B023

    def test_nobody_creates_a_record_that_names_one_of_another_company(self):
        for name, user in self.users.items():
            for model, field in self._fields():
                if not self._may_create(user, model):
                    continue
                vals = {**self._new(model), field.name: self._value(field)}
                create = self._as(user, self.env[model]).create
                with self.subTest(name, model=model, field=field.name):
                    self.assertTrue(self._refuses(lambda: self._name(create(vals), field)))  # noqa: B023

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
            vals = {key: value for key, value in self._new(model).items() if key != field.name}
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
                        vals = self._new(model)
                        if "wizard_id" in vals:  # a dialog is of whom opened it
                            parent = self._as(user, self.env["fusion.billing.estimate.wizard"])
                            vals["wizard_id"] = parent.create({"plan_id": self.home[PLAN].id}).id
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

    def _may_create(self, user, model):
        return MADE_OF[model] and self.env[model].with_user(user).has_access("create")

    def _new(self, model):
        """Values for another record of a model."""
        vals = MADE_OF[model](self.home)
        if model == "fusion.billing.charge.filter":
            vals["charge_id"] = self.home["spare"].id
        return {**vals, **OTHERWISE.get(model, {})}


# What must differ in a second record.
OTHERWISE = {
    "fusion.billing.service": {"code": "maps-2"},
    "fusion.billing.account.link": {"external_id": "acme-2"},
    "fusion.billing.metric": {"code": "calls-2"},
    "fusion.billing.plan": {"code": "pro-2"},
    "fusion.billing.charge": {
        "filter_ids": [Command.create({"dimension": "region", "dimension_values": "us"})]
    },
    "fusion.billing.charge.version": {"valid_from": "2028-01-01"},
    "fusion.billing.charge.tier": {"up_to": 20},
    "fusion.billing.charge.filter": {"dimension": "zone"},
}

"""A small world: one record of each model that people may name, and how to make another."""

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import TransactionCase, new_test_user
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
    "fusion.billing.revenue.movement": lambda w: {
        "subscription_id": w["sale.order"].id,
        "number": 1000,
        "date": "2026-01-01",
        "kind": "new",
        "amount": 49,
        "recurring_after": 49,
        "company_id": w["res.company"].id,
    },
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
    "fusion.billing.run": lambda w: {
        "kind": "rating",
        "started_at": "2026-01-10 00:00:00",
        "outcome": "failed",
    },
    "fusion.billing.reconciliation": lambda w: {
        "company_id": w["res.company"].id,
        "service_id": w["fusion.billing.service"].id,
        "period_start": "2026-01-01 00:00:00",
        "period_end": "2026-02-01 00:00:00",
    },
    "fusion.billing.reconciliation.row": lambda w: {
        "reconciliation_id": w["fusion.billing.reconciliation"].id,
        "subscription_name": "sub-1",
        "subscription_id": w["sale.order"].id,
        "metric_code": "calls",
        "metric_id": w["fusion.billing.metric"].id,
        "result": "different",
        "is_open": True,
    },
    "fusion.billing.quota": lambda w: {
        "service_id": w["fusion.billing.service"].id,
        "kind": "requests",
        "connection": 1,
        "minute": "2026-01-10 00:00:00",
        "used": 1,
    },
    "fusion.billing.kept.answer": lambda w: {
        "service_id": w["fusion.billing.service"].id,
        "key": "key-1",
        "fingerprint": "0" * 64,
        "status": 200,
        "kept_at": "2026-01-10 00:00:00",
    },
    "fusion.billing.rejection": lambda w: {
        "service_id": w["fusion.billing.service"].id,
        "rejected_at": "2026-01-10 00:00:00",
        "verb": "POST",
        "path": "/fusion/api/v1/usage",
        "status": 400,
        "code": "unknown_metric",
        "error": "There is no such metric.",
    },
    "fusion.billing.traffic": lambda w: {
        "service_id": w["fusion.billing.service"].id,
        "status": 200,
        "row": 1,
    },
    "account.move": lambda w: {"move_type": "out_invoice", "partner_id": w["res.partner"].id},
    "account.move.line": lambda w: {"move_id": w["account.move"].id, "name": "x"},
    "payment.provider": lambda w: {"name": "Cards", "company_id": w["res.company"].id},
    "payment.token": lambda w: {
        "provider_id": w["payment.provider"].id,
        "payment_method_id": w["res.company"].env.ref("payment.payment_method_card").id,
        "partner_id": w["res.partner"].id,
        "provider_ref": "card",
    },
    "payment.transaction": None,
    "fusion.billing.collection.attempt": lambda w: {
        "invoice_id": w["account.move"].id,
        "number": 1,
        "transaction_id": w["payment.transaction"].id,
    },
    "fusion.billing.expiry.notice": lambda w: {
        "token_id": w["payment.token"].id,
        "partner_id": w["res.partner"].id,
        "expires_on": "2030-03-31",
        "days": 7,
    },
    "fusion.billing.dunning.policy": lambda w: {"name": "Ours", "company_id": w["res.company"].id},
    "fusion.billing.dunning.step": lambda w: {
        "policy_id": w["fusion.billing.dunning.policy"].id,
        "days": 3,
        "action": "tell",
    },
    "fusion.billing.dunning.case": lambda w: {
        "partner_id": w["res.partner"].id,
        "company_id": w["res.company"].id,
        "currency_id": w["res.company"].currency_id.id,
        "opened_on": "2026-01-10",
    },
    "fusion.billing.dunning.taken": lambda w: {
        "case_id": w["fusion.billing.dunning.case"].id,
        "number": 1,
        "taken_on": "2026-01-13",
        "days": 3,
        "sequence": 10,
        "step_key": 1,
        "action": "tell",
    },
    # Dialogs.
    "fusion.billing.api.key.wizard": lambda w: {"service_id": w["fusion.billing.service"].id},
    "fusion.billing.webhook.secret.wizard": lambda w: {
        "service_id": w["fusion.billing.service"].id
    },
    "fusion.billing.webhook.replay.wizard": lambda w: {
        "service_id": w["fusion.billing.service"].id
    },
    "fusion.billing.sandbox.clock.wizard": lambda w: {
        "service_id": w["fusion.billing.service"].id,
        "until": "2099-01-01 00:00:00",
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
    "fusion.billing.invoice.wizard": lambda w: {"subscription_ids": w["sale.order"].ids},
    "fusion.billing.reconciliation.wizard": lambda w: {
        "service_id": w["fusion.billing.service"].id,
        "file": "c3Vic2NyaXB0aW9u",
    },
    "fusion.billing.item.wizard": lambda w: {"subscription_id": w["sale.order"].id},
    "fusion.billing.key.search": lambda w: {
        "idempotency_key": "k1",
        "service_id": w["fusion.billing.service"].id,
    },
    "fusion.billing.waive.wizard": lambda w: {"reason": "Gift"},
    "fusion.billing.estimate.wizard": lambda w: {"plan_id": w["fusion.billing.plan"].id},
    "fusion.billing.estimate.wizard.line": lambda w: {
        "wizard_id": w["fusion.billing.estimate.wizard"].id,
        "metric_id": w["fusion.billing.metric"].id,
    },
    "fusion.billing.simulation": lambda w: {"plan_id": w["fusion.billing.plan"].id},
    "fusion.billing.simulation.price": lambda w: {
        "simulation_id": w["fusion.billing.simulation"].id,
        "charge_id": w["fusion.billing.charge"].id,
    },
    "fusion.billing.simulation.row": lambda w: {
        "simulation_id": w["fusion.billing.simulation"].id,
        "company_id": w["res.company"].id,
        "subscription_id": w["sale.order"].id,
        "name": "Calls",
        "company_currency_id": w["res.company"].currency_id.id,
        "currency_id": w["res.company"].currency_id.id,
    },
}
# Dialogs of a plan that other records are parts of.
DIALOGS = {
    "wizard_id": "fusion.billing.estimate.wizard",
    "simulation_id": "fusion.billing.simulation",
}


def make_transaction(world):
    """What an attempt to charge the invoice is carried out by, which only the engine makes."""
    token, invoice = world["payment.token"], world["account.move"]
    return token.env["payment.transaction"].create(
        {
            "provider_id": token.provider_id.id,
            "payment_method_id": token.payment_method_id.id,
            "token_id": token.id,
            "reference": f"FB-{invoice.id}-1",
            "amount": 1,
            "currency_id": invoice.currency_id.id,
            "partner_id": token.partner_id.id,
        }
    )


# What only the engine makes, and where it is found.
FOUND = {
    "payment.transaction": make_transaction,
    "res.company": lambda w: w["res.company"],
    "fusion.billing.phase": lambda w: w["sale.order"].fusion_phase_ids,
    "fusion.billing.item": lambda w: w["sale.order"].fusion_item_ids,
    "fusion.billing.usage.correction": lambda w: w["fusion.billing.usage"].correction_ids,
    "fusion.billing.rating": lambda w: w["sale.order"].fusion_rating_ids,
}
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
    "fusion.billing.revenue.movement": {"number": 1001},
    "fusion.billing.reconciliation": {"reference": "again"},
    "fusion.billing.reconciliation.row": {"subscription_id": False},
    "fusion.billing.expiry.notice": {"days": 30},
    "fusion.billing.dunning.case": {"closed_on": "2026-02-01"},
    "fusion.billing.dunning.taken": {"number": 2},
    "fusion.billing.quota": {"connection": 2},
    "fusion.billing.kept.answer": {"key": "key-2"},
    "fusion.billing.traffic": {"row": 2},
}


class WorldCase(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": True})
        home = cls.env.company
        cls.home = cls._world(home)
        cls.users = {
            "manager": cls._user("manager", "manager", home),
            "clerk": cls._user("clerk", "user", home),
        }
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

    def _may_create(self, user, model):
        return MADE_OF[model] and self.env[model].with_user(user).has_access("create")

    def _new(self, model, user):
        """Values for another record of a model, to be created by a user."""
        vals = MADE_OF[model](self.home)
        for name in vals.keys() & DIALOGS.keys():  # a dialog is of whom opened it
            parent = self._as(user, self.env[DIALOGS[name]]).create({"plan_id": self.home[PLAN].id})
            parent.flush_recordset()
            vals[name] = parent.id
        if model == "fusion.billing.charge.filter":
            vals["charge_id"] = self.home["spare"].id
        return {**vals, **OTHERWISE.get(model, {})}

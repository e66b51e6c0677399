"""What the path and the fields of requests can name: of a service, and of others."""

import json
from types import SimpleNamespace
from urllib.parse import quote, urlencode

from freezegun import freeze_time

from odoo import fields

from ..core.api.examples import example_of
from .api_case import ApiCase

NOBODY = "999999999"  # an id that nothing has


class ApiWorldCase(ApiCase):
    """A service with one record of each kind that a path names; and the same of two others, one in
    its own company and one in another.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.partner_id.country_id = cls.env.ref("base.us")
        cls._charge(cls.calls)
        cls.mine = cls._world(cls.service, "cust-7", "sub-42")
        cls.mine.plan, cls.mine.metric = cls.plan, cls.calls
        cls.fee_product.default_code = "nexacloud-pro"
        beside = cls._other("nexadesk", cls.company)
        with freeze_time("2026-01-01 01:00:00"):
            cls.env["sale.order"]._fusion_cron_create_invoices()
        cls.others = [beside, cls._other("abroad", cls._elsewhere())]

    @classmethod
    def _elsewhere(cls):
        return cls.env["res.company"].create({"name": "Elsewhere"})

    @classmethod
    def _other(cls, code, company):
        """The world of another service, which nobody may learn of."""
        service = cls._service(code, company_id=company.id)
        world = cls._world(service, f"cust-{code}", f"sub-{code}")
        world.plan = cls._plan(f"plan-{code}", company_id=company.id)
        world.metric = cls._metric(f"metric-{code}", company_id=company.id)
        return world

    @classmethod
    def _world(cls, service, customer, subscription):
        """A customer with a subscription, its item and next plan, an event, a reconciliation."""
        company = service.company_id
        service.webhook_url = f"https://hooks.{service.code}.example/fusion"
        service._generate_webhook_secret()
        service._generate_api_key()
        partner = cls.env["res.partner"].create({"name": customer})
        world = SimpleNamespace(service=service, company=company, customer=customer)
        world.link = cls._link(customer, partner, service)
        plan = cls.plan if company == cls.company else cls._plan("pro", company_id=company.id)
        world.subscription = cls._subscribe_in(company, partner, plan, service, subscription)
        world.item = world.subscription.fusion_item_ids.order_line_id[:1]
        next_plan = cls._plan(f"next-{service.code}", company_id=company.id)
        world.subscription._fusion_change_plan(next_plan, fields.Date.to_date("2099-01-05"))
        world.change = world.subscription._fusion_planned_one_by_one()[0]
        world.event = service.webhook_delivery_ids[:1]
        world.reconciliation = cls.env["fusion.billing.reconciliation"].create(
            {
                "company_id": company.id,
                "service_id": service.id,
                "period_start": "2026-01-01 00:00:00",
                "period_end": "2026-02-01 00:00:00",
            }
        )
        return world

    @classmethod
    def _subscribe_in(cls, company, partner, plan, service, external_id):
        return cls._subscribe(
            products=cls.fee_product,
            plan=plan,
            company_id=company.id,
            partner_id=partner.id,
            fusion_service_id=service.id,
            fusion_external_id=external_id,
        )

    # === WHAT IS NAMED === #

    #: What a field of a path names, in a world: who adds one adds it here.
    IN_PATHS = {
        "external_id": lambda world: world.customer,
        "subscription_id": lambda world: str(world.subscription.id),
        "item_id": lambda world: str(world.item.id),
        "change_id": lambda world: f"{world.change.kind}-{world.change.record.id}",
        "invoice_id": lambda world: str(world.subscription.invoice_ids[:1].id or ""),
        "key_id": lambda world: str(world.service.api_key_ids[:1].id),
        "plan_code": lambda world: world.plan.code,
        "metric_code": lambda world: world.metric.code,
        "event_id": lambda world: world.event.event_id,
        "reconciliation_id": lambda world: str(world.reconciliation.id),
    }
    #: Another way to name it.
    ALSO_IN_PATHS = {
        "subscription_id": lambda world: f"external:{world.subscription.fusion_external_id}"
    }
    #: What a field of a body or a query names that another service, or company, has.
    IN_FIELDS = {
        "external_customer_id": lambda world: world.customer,
        "subscription_external_id": lambda world: world.subscription.fusion_external_id,
        "subscription_id": lambda world: str(world.subscription.id),
    }
    #: The same of the catalog, which all services of a company share.
    IN_CATALOG = {
        "plan_id": lambda world: str(world.plan.id),
        "plan_code": lambda world: world.plan.code,
        "metric_code": lambda world: world.metric.code,
    }

    def path_of(self, endpoint, **named):
        """Return an endpoint's path with my own records in it, but for what is named."""
        path = endpoint.path
        for name in endpoint.path_fields:
            value = named.get(name) or self.IN_PATHS[name](self.mine)
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        return path

    def request(self, endpoint, values=None, path=None, query="", **kwargs):
        """Send a request to an endpoint: by default its example, to my own records.

        :param values: of the fields instead of the example's, or bytes of a body
        :param str query: instead of that of the fields
        """
        path = path or self.path_of(endpoint)
        values = example_of(endpoint.fields) if values is None else values
        if endpoint.has_body:
            if endpoint.members and isinstance(values, dict):
                values = json.dumps(values.get(endpoint.members, [])).encode()
            return self.send(endpoint.verb, path + query, values, **kwargs)
        given = {name: value for name, value in values.items() if value is not None}
        return self.send(endpoint.verb, f"{path}{query or '?' + urlencode(given)}", **kwargs)

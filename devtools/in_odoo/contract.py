"""The world in which the examples of the described API mean something."""

from odoo import fields

from core.api.endpoint import PATH_FIELDS
from devtools.in_odoo import guide, hooks

CUSTOMER, SUBSCRIPTION = "cust-7", "sub-42"
BEGAN = "2026-01-05"


def prepare(env) -> dict:
    """Create what the examples name: a customer, a subscription, an event, a reconciliation.

    :return: a `key` for everything
    """
    guide.prepare(env)
    hooks.allow(env, "")
    hooks.point_one(env, "nexacloud", "https://127.0.0.1:9/hook")
    service = env["fusion.billing.service"].search([("code", "=", "nexacloud")])
    subscribe(env, service)
    env["fusion.billing.reconciliation"].create(
        {
            "company_id": service.company_id.id,
            "service_id": service.id,
            "period_start": f"{BEGAN} 00:00:00",
            "period_end": "2026-02-05 00:00:00",
        }
    )
    event = service.webhook_delivery_ids[:1]
    env.cr.execute(
        "UPDATE fusion_billing_webhook_delivery SET event_id = %s WHERE id = %s",
        [PATH_FIELDS["event_id"].example, event.id],
    )
    return {"key": service._generate_api_key(scope_operations=True)}


def subscribe(env, service) -> None:
    partner = env["res.partner"].create({"name": "Acme Ltd"})
    env["fusion.billing.account.link"].create(
        {"service_id": service.id, "partner_id": partner.id, "external_id": CUSTOMER}
    )
    env["sale.order"]._fusion_create_subscription(
        {
            "partner_id": partner.id,
            "plan_id": env["fusion.billing.plan"].search([("code", "=", "pro")]).id,
            "service_id": service.id,
            "external_id": SUBSCRIPTION,
            "start_date": fields.Date.to_date(BEGAN),
        }
    )

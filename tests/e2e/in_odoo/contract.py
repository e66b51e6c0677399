"""The world in which the examples of the described API mean something."""

from odoo import fields

from core.api.endpoint import PATH_FIELDS
from e2e.in_odoo import crons, guide, hooks

CUSTOMER, SUBSCRIPTION = "cust-7", "sub-42"
BEGAN = "2026-01-05"


def prepare(env) -> dict:
    """Create what the examples name: a customer, a subscription, an event, a reconciliation.

    :return: a `key` for everything but keys, which would revoke itself; a `master` for these; the
        one of a `sandbox`; `named`, what else a path names, by the endpoint
    """
    made = guide.prepare(env)
    hooks.allow(env, "")
    hooks.point_one(env, "nexacloud", "https://127.0.0.1:9/hook")
    service = env["fusion.billing.service"].search([("code", "=", "nexacloud")])
    partner = link(env, service)
    subscribe(env, service, partner, SUBSCRIPTION, [])
    product = env["product.product"].search([("default_code", "=", "nexacloud-pro")])
    other = subscribe(env, service, partner, "sub-43", product)
    env.cr.commit()  # a scheduled action has a cursor of its own
    crons.run(env, [crons.INVOICING])
    env.invalidate_all()
    guide.send_documents(env)
    reconcile(env, service)
    name_event(env, service)
    item = {"subscription_id": str(other.id), "item_id": str(other.order_line[:1].id)}
    invoice = {"invoice_id": str(other.invoice_ids[:1].id)}
    return {
        "key": service._generate_api_key(scope_operations=True),
        "master": made["master"],
        "sandbox": made["sandbox"],
        "named": {
            "take_back_change": plan_change(env, other),
            "change_item": item,
            "retrieve_invoice": invoice,
            "invoice_pdf": invoice,
        },
    }


def link(env, service):
    partner = env["res.partner"].create({"name": "Acme Ltd"})
    env["fusion.billing.account.link"].create(
        {"service_id": service.id, "partner_id": partner.id, "external_id": CUSTOMER}
    )
    return partner


def find_plan(env, service, code: str):
    """Return a plan of the service's company: the one for tests has the same."""
    company = service.company_id.id
    return env["fusion.billing.plan"].search([("code", "=", code), ("company_id", "=", company)])


def subscribe(env, service, partner, name: str, products):
    return env["sale.order"]._fusion_create_subscription(
        {
            "partner_id": partner.id,
            "plan_id": find_plan(env, service, "pro").id,
            "service_id": service.id,
            "external_id": name,
            "start_date": fields.Date.to_date(BEGAN),
            "lines": [{"product_id": product.id, "quantity": 1} for product in products],
        }
    )


def reconcile(env, service) -> None:
    env["fusion.billing.reconciliation"].create(
        {
            "company_id": service.company_id.id,
            "service_id": service.id,
            "period_start": f"{BEGAN} 00:00:00",
            "period_end": "2026-02-05 00:00:00",
        }
    )


def name_event(env, service) -> None:
    """Give an event the id that the description shows."""
    env.cr.execute(
        "UPDATE fusion_billing_webhook_delivery SET event_id = %s WHERE id = %s",
        [PATH_FIELDS["event_id"].example, service.webhook_delivery_ids[:1].id],
    )


def plan_change(env, subscription) -> dict:
    """Plan a change that can be taken back, and return what its path names."""
    business = find_plan(env, subscription.fusion_service_id, "business")
    subscription._fusion_change_plan(business, fields.Date.to_date("2099-01-05"))
    [change] = subscription._fusion_planned_one_by_one()
    name = f"{change.kind}-{change.record.id}"
    return {"subscription_id": str(subscription.id), "change_id": name}

"""The world that the fuzzer asks for, and the endpoints that there are."""

from odoo import fields

from e2e.in_odoo import hooks, metered

BASE = "/fusion/api/v1"


def prepare(env, subscriptions: int, began: str) -> dict:
    """Create two services, both with customers, subscriptions, counters and events.

    :return: a `key` for everything and what it gives access to: `names`, `subscription_ids`,
        `event_ids`, `reconciliation_ids`, `invoice_ids`, `key_ids`; the same of the `other`
        service; and the key of a `pusher`, which reads nothing
    """
    metered.prepare(env, subscriptions, began)
    env["fusion.billing.plan"].create({"code": "business", "name": "Business"})
    hooks.allow(env, "")
    hooks.point(env, ["bench", "other"], "https://127.0.0.1:9/hook")
    for number in range(2):
        metered.subscribe(env, f"their-{number}", fields.Date.to_date(began), "other")
    metered.use(env, "7", [f"{began[:8]}05"])
    hooks.fill(env, ["bench", "other"], 20)
    services = env["fusion.billing.service"]
    mine, other = (services.search([("code", "=", code)]) for code in ("bench", "other"))
    env["fusion.billing.reconciliation"].create(
        [
            {
                "company_id": service.company_id.id,
                "service_id": service.id,
                "period_start": f"{began} 00:00:00",
                "period_end": "2099-01-01 00:00:00",
            }
            for service in (mine, other)
        ]
    )
    for service in (mine, other):
        service.subscription_ids[:1]._fusion_invoice_now()
    pusher = mine._generate_api_key(scope_read=False, scope_billing_write=False)
    return {**describe(mine), "pusher": pusher, "other": describe(other, scope_keys_write=True)}


def describe(service, **terms) -> dict:
    orders = service.subscription_ids
    reconciliations = service.env["fusion.billing.reconciliation"]
    return {
        # It changes no keys, as it would end itself.
        "key": service._generate_api_key(scope_operations=True, **terms),
        "names": orders.mapped("fusion_external_id"),
        "item_ids": {
            order.fusion_external_id: order.fusion_item_ids.order_line_id.ids for order in orders
        },
        "subscription_ids": orders.ids,
        "event_ids": service.webhook_delivery_ids.mapped("event_id"),
        "invoice_ids": orders.invoice_ids.ids,
        "key_ids": service.api_key_ids.ids,
        "reconciliation_ids": reconciliations.search([("service_id", "=", service.id)]).ids,
    }


def endpoints(env) -> list[str]:
    """Every route of the API that the server has: verb, and path below the base path."""
    found = set()
    for rule in env["ir.http"].routing_map().iter_rules():
        if rule.endpoint.routing["type"] == "fusion" and rule.rule.startswith(BASE):
            found |= {f"{verb} {rule.rule.removeprefix(BASE)}" for verb in rule.methods}
    return sorted(name for name in found if name.split()[0] not in ("HEAD", "OPTIONS"))

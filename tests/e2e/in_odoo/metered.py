"""Many equal subscriptions of one metered plan, for tests and measurements."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from odoo import fields
from odoo.fields import Command

from e2e.in_odoo import catalog

METRIC = "api_calls"
PRICES = {
    "metered": {
        "name": "Metered",
        "fee": "10",
        "fee_timing": "arrears",
        "charges": {
            METRIC: {
                "charge_model": "standard",
                "included_quota": "100",
                "price_per_unit": "0.0125",
                "unit_batch": "1",
            }
        },
    }
}


def prepare(env, subscriptions: int, began: str) -> dict:
    """Create a service and as many customers, each with a subscription.

    :param began: their first day, in ISO 8601
    :return: the service's `key` and the subscriptions' external ids, `names`
    """
    made = catalog.create(env, "Bench", {METRIC: {"name": "API calls"}}, PRICES)
    names = [f"sub-{number:05}" for number in range(subscriptions)]
    for name in names:
        subscribe(env, name, fields.Date.to_date(began))
    return {"key": made["key"], "names": names}


def make_sandbox(env, service_code: str = "bench") -> dict:
    """Make the sandbox of a service, and return its `key`."""
    service = env["fusion.billing.service"].search([("code", "=", service_code)])
    shown = service.with_user(env.ref("base.user_admin")).action_create_sandbox()
    return {"key": shown["context"]["default_key"]}


def subscribe(env, name: str, began: date, service_code: str = "bench") -> None:
    service = env["fusion.billing.service"].search([("code", "=", service_code)])
    partner = env["res.partner"].create({"name": f"Customer {name}"})
    env["fusion.billing.account.link"].create(
        {"service_id": service.id, "partner_id": partner.id, "external_id": name}
    )
    product = env["product.product"].search([("default_code", "=", "bench-metered")])
    env["sale.order"]._fusion_create_subscription(
        {
            "partner_id": partner.id,
            "plan_id": env["fusion.billing.plan"].search([("code", "=", "metered")]).id,
            "service_id": service.id,
            "external_id": name,
            "start_date": began,
            "lines": [{"product_id": product.id, "quantity": 1}],
        }
    )


def use(env, quantity: str, days: list[str]) -> None:
    """Give every subscription a counter of this quantity on each of these days."""
    metric = env["fusion.billing.metric"].search([("code", "=", METRIC)])
    starts = [datetime.fromisoformat(day) for day in days]
    env["fusion.billing.usage"]._ingest(
        [
            {
                "subscription_id": subscription.id,
                "metric_id": metric.id,
                "period_start": start,
                "period_end": start + timedelta(hours=1),
                "quantity": Decimal(quantity),
                "value": None,
                "dimensions": None,
                "idempotency_key": f"{start:%Y-%m-%d}",
            }
            for subscription in env["sale.order"].search([("fusion_plan_id", "!=", False)])
            for start in starts
        ],
        "bench",
    )


def limit(env, **vals) -> None:
    """Write values of the service, such as its quotas."""
    env["fusion.billing.service"].search([("code", "=", "bench")]).write(vals)


def make_key(env, **terms) -> str:
    """Return another key of the service, with these terms."""
    service = env["fusion.billing.service"].search([("code", "=", "bench")])
    return service._generate_api_key(**terms)


def bill_overdue(env) -> None:
    """Let invoices be due before their own day, so that there is something to tell at once."""
    term = env["account.payment.term"].create(
        {"name": "Last week", "line_ids": [Command.create({"nb_days": -7})]}
    )
    env["res.partner"].search([]).property_payment_term_id = term
    env["ir.default"].set("res.partner", "property_payment_term_id", term.id)

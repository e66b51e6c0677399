"""The company of a walk: two plans, a service with an app, and subscriptions of both plans."""

from e2e.in_odoo import catalog, crons, hooks, metered

BUSINESS = {
    "name": "Business",
    "fee": "49.99",
    "fee_timing": "advance",
    "charges": {
        metered.METRIC: {
            "charge_model": "package",
            "included_quota": "10",
            "price_per_unit": "0.70",
            "unit_batch": "25",
        }
    },
}


def prepare(env, subscriptions: int, began: str) -> dict:
    """Create the company; every subscription has a counter that only staff correct.

    :return: all that the actors need to know
    """
    made = metered.prepare(env, subscriptions, began)
    metrics = {metered.METRIC: env["fusion.billing.metric"].search([("code", "=", metered.METRIC)])}
    catalog.create_plan(env, "bench", "business", BUSINESS, metrics)
    hooks.allow(env, "")
    hooks.point(env, ["bench"], "https://127.0.0.1:9/hook")
    metered.use(env, "40.5", [f"{began[:8]}03"])
    env["fusion.billing.usage"].search([]).idempotency_key = "desk"
    orders = env["sale.order"].search([("fusion_external_id", "in", made["names"])])
    plans = env["fusion.billing.plan"].search([("code", "in", ["metered", "business"])])
    return {
        **made,
        "metric": metered.METRIC,
        "plans": plans.mapped("code"),
        "plan_ids": plans.ids,
        "subscription_ids": orders.ids,
        "product_id": env["product.product"].search([("default_code", "=", "bench-business")]).id,
        "crons": [env.ref(f"fusion_billing.{name}").id for name in (crons.RATING, crons.INVOICING)],
    }

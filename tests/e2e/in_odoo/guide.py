"""The price list that the guide for app developers sells from."""

from datetime import timedelta

from odoo import fields

from e2e.in_odoo import catalog, crons
from e2e.in_odoo.hooks import DELIVER

METRICS = {"api_calls": {"name": "API calls"}, "seats": {"name": "Seats", "aggregation": "max"}}
CALLS = {
    "charge_model": "standard",
    "included_quota": "1000",
    "price_per_unit": "0.50",
    "unit_batch": "100",
}
PRICES = {
    "pro": {"name": "Pro", "fee": "49", "fee_timing": "advance", "charges": {"api_calls": CALLS}},
    "business": {
        "name": "Business",
        "fee": "199",
        "fee_timing": "advance",
        "charges": {"api_calls": {**CALLS, "included_quota": "100000"}},
    },
}


def prepare(env) -> dict:
    """Create the plans of the guide, and a service; no scheduled action is late.

    :return: the service's `key`, one to `watch` the server with, a `master` that changes keys, and
        the one of its `sandbox`
    """
    watched = (crons.RATING, crons.INVOICING, crons.COLLECTING, crons.DUNNING, DELIVER)
    for name in watched:
        env.ref(f"fusion_billing.{name}").nextcall = fields.Datetime.now() + timedelta(hours=1)
    made = catalog.create(env, "NexaCloud", METRICS, PRICES)
    plan = env["fusion.billing.plan"].search([("code", "=", "business")])
    env["fusion.billing.charge"].create(
        {
            "plan_id": plan.id,
            "metric_id": env["fusion.billing.metric"].search([("code", "=", "seats")]).id,
            "product_id": catalog.create_product(env, "Seats").id,
            "charge_model": "graduated",
            "tier_ids": [(0, 0, {"up_to": 10, "unit_amount": 8}), (0, 0, {"unit_amount": 5})],
        }
    )
    service = env["fusion.billing.service"].search([("code", "=", "nexacloud")])
    shown = service.with_user(env.ref("base.user_admin")).action_create_sandbox()
    return {
        "key": made["key"],
        "watch": service._generate_api_key(name="monitoring", scope_operations=True),
        "master": service._generate_api_key(name="rotation", scope_keys_write=True),
        "sandbox": shown["context"]["default_key"],
    }


def send_documents(env) -> None:
    """Keep a PDF with every posted document, as sending it does; not every machine makes PDFs."""
    for move in env["account.move"].search([("state", "=", "posted")]):
        env["ir.attachment"].create(
            {
                "name": "invoice.pdf",
                "raw": b"%PDF-1.4",
                "mimetype": "application/pdf",
                "res_model": "account.move",
                "res_id": move.id,
                "res_field": "invoice_pdf_report_file",
            }
        )

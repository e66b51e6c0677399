"""Customers of the test network who are late, a policy, and e-mails that really go out."""

import time
from datetime import date

from e2e.in_odoo import collecting, crons, hooks, metered
from e2e.in_odoo.crons import trigger, wait_at_gate

CASE = "fusion.billing.dunning.case"


def prepare(env, customers: int, steps: list[dict], url: str = "", smtp_port: int = 0) -> list[str]:
    """Create customers with two overdue invoices each, whose card is declined, and a policy.

    :param steps: values of the policy's steps
    :param url: of the network
    :param smtp_port: of a server that takes the e-mails; none go out without it
    :return: the customers' names
    """
    env["ir.config_parameter"].set_param(collecting.URL, url)
    # Core makes the journal's part of a provider when it is first asked for: who meets makes two.
    env["payment.provider"].search([("code", "=", "fusion_test")]).mapped("journal_id")
    send_by(env, smtp_port)
    metered.prepare(env, 0, "2026-01-01")
    metered.bill_overdue(env)
    env["fusion.billing.plan"].search([("code", "=", "metered")]).collects = bool(url)
    env.company.fusion_dunning_policy_id = make_policy(env, steps)
    names = [f"late-{number:05}" for number in range(customers)]
    for name in names:
        metered.subscribe(env, name, date(2026, 1, 1))
        partner = collecting.find(env, name).partner_id
        partner.email = f"{name}@customer.example"
        if url:
            collecting.save_card(env, partner, "declined")
    orders = env["sale.order"].search([("fusion_external_id", "in", names)])
    for day in (date(2026, 2, 1), date(2026, 3, 1)):
        orders._fusion_bill_until(day)
    return names


def make_policy(env, steps: list[dict]):
    template = env.ref("fusion_billing.mail_template_dunning_reminder")
    mails = {"template_id": template.id}
    return env["fusion.billing.dunning.policy"].create(
        {
            "name": "Late",
            "step_ids": [
                (0, 0, {**(mails if step["action"] == "mail" else {}), **step}) for step in steps
            ],
        }
    )


def send_by(env, smtp_port: int) -> None:
    """Let e-mails go to a server on this machine."""
    env["ir.mail_server"].search([]).active = False
    if smtp_port:
        env["ir.mail_server"].create(
            {"name": "Sink", "smtp_host": "127.0.0.1", "smtp_port": smtp_port}
        )


def send_mails(env) -> None:
    """Let Odoo send the e-mails that wait."""
    env["mail.mail"].process_email_queue()


def run_again_and_again(env, cron_id: int, seconds: float) -> None:
    """Run a scheduled action over and over for a while, once the gate opens."""
    wait_at_gate(env)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        trigger(env["ir.cron"].browse(cron_id))
        env.cr.commit()


def let_pay(env, name: str) -> dict:
    """Have a person of a customer log in to the portal; the login is the password, too.

    :return: the case's `id` and its `access_token`
    """
    env["res.users"].with_context(no_reset_password=True).create(
        {
            "login": name,
            "password": name,
            "partner_id": collecting.find(env, name).partner_id.id,
            "group_ids": [(6, 0, env.ref("base.group_portal").ids)],
        }
    )
    case = find_case(env, name)
    return {"id": case.id, "access_token": case._portal_ensure_token()}


def save_good_card(env, name: str) -> dict:
    """Have a customer save a card that is charged.

    :return: what the page sends to pay by it
    """
    token = collecting.save_card(env, collecting.find(env, name).partner_id, "good")
    return {
        "token_id": token.id,
        "provider_id": token.provider_id.id,
        "payment_method_id": token.payment_method_id.id,
    }


def find_case(env, name: str):
    partner = collecting.find(env, name).partner_id
    return env[CASE].search([("partner_id", "=", partner.id)], limit=1)


def register_payments(env) -> None:
    """Register what was paid in the portal by who did not stay on the page."""
    transactions = env["payment.transaction"].search(
        [("state", "=", "done"), ("is_post_processed", "=", False)]
    )
    transactions._post_process()


def outcomes(env, names: list[str]) -> list[dict]:
    """What became of customers, in their order."""
    return [outcome(env, name) for name in names]


def outcome(env, name: str) -> dict:
    case, order = find_case(env, name), collecting.find(env, name)
    invoices = order.invoice_ids.sorted("id")
    done = invoices.transaction_ids.filtered(lambda transaction: transaction.state == "done")
    return {
        "closed": bool(case.closed_on),
        "outcome": case.outcome,
        "taken": case.taken_ids.sorted("number").mapped("action"),
        "numbers": case.taken_ids.sorted("number").mapped("number"),
        "failed": any(case.taken_ids.mapped("is_failed")),
        "states": order.fusion_phase_ids.sorted("date_from").mapped("state"),
        "left": sum(invoices.mapped("amount_residual")),
        "paid_by": {
            invoice.id: (done & invoice.transaction_ids).mapped("reference") for invoice in invoices
        },
    }


def begin_story(env, network: str, smtp_port: int, shop: str, hook: str, ca_file: str) -> dict:
    """Create an app with a customer whose card is declined, and a policy that pauses.

    :param shop: where the server will be
    :param hook: where events of the app go
    :return: the service's `key` and `secret`, and what is run and looked at
    """
    params = env["ir.config_parameter"]
    params.set_param(collecting.URL, network)
    params.set_param("web.base.url", shop)
    params.set_param("web.base.url.freeze", "True")
    send_by(env, smtp_port)
    made = metered.prepare(env, 1, "2026-02-01")
    env["fusion.billing.plan"].search([("code", "=", "metered")]).collects = True
    [name] = made["names"]
    partner = collecting.find(env, name).partner_id
    partner.email = "late@customer.example"
    collecting.save_card(env, partner, "declined")
    env.company.fusion_dunning_policy_id = make_policy(env, STORY)
    hooks.allow(env, ca_file)
    return {
        "key": made["key"],
        "name": name,
        "secret": hooks.point_one(env, "bench", hook),
        "crons": {one: env.ref(one).id for one in RUNS},
    }


STORY = [
    {"days": 3, "action": "retry", "sequence": 1},
    {"days": 3, "action": "mail", "sequence": 2},
    {"days": 3, "action": "tell", "sequence": 3},
    {"days": 5, "action": "pause"},
]
RUNS = [
    *(
        f"fusion_billing.{name}"
        for name in (crons.INVOICING, "ir_cron_collect", "ir_cron_dun", hooks.DELIVER)
    ),
    "mail.ir_cron_mail_scheduler_action",
]

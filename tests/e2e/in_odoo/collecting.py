"""Customers with cards of the test network, invoices to charge to them, credit notes to refund."""

from datetime import date, timedelta
from functools import partial

from odoo.exceptions import UserError
from odoo.service.model import retrying

from e2e.in_odoo import metered
from e2e.in_odoo.crons import wait_at_gate

URL = "payment_fusion_test.url"


def prepare(env, url: str, cards: list[str]) -> list[int]:
    """Create a customer with an invoice for each card, and save the card.

    :param url: of the network
    :return: the invoices' ids, in the order of the cards
    """
    env["ir.config_parameter"].set_param(URL, url)
    metered.prepare(env, 0, "2026-01-01")
    env["fusion.billing.plan"].search([("code", "=", "metered")]).collects = True
    return bill(env, cards, "sub")


def bill(env, cards: list[str], prefix: str) -> list[int]:
    """Bill as many new customers a month, each with a card."""
    names = [f"{prefix}-{number:05}" for number in range(len(cards))]
    for name, card in zip(names, cards, strict=True):
        metered.subscribe(env, name, date(2026, 1, 1))
        save_card(env, find(env, name).partner_id, card)
    orders = env["sale.order"].browse([find(env, name).id for name in names])
    orders._fusion_bill_until(date(2026, 2, 1))
    return [order.invoice_ids.id for order in orders]


def credit(env, invoice_ids: list[int]) -> list[int]:
    """End what invoices billed in the middle of their month, and have the rest refunded.

    :return: the credit notes' ids, in the order of the invoices
    """
    env.company.fusion_refunds = True
    orders = [move._fusion_subscription() for move in browse(env, invoice_ids)]
    for order in orders:
        order._fusion_close(date(2026, 1, 10))
        order._fusion_bill_until(order._fusion_today(), asked=True)
    return [(order.invoice_ids - browse(env, invoice_ids)).id for order in orders]


def browse(env, move_ids: list[int]):
    return env["account.move"].browse(move_ids)


def find(env, name: str):
    return env["sale.order"].search([("fusion_external_id", "=", name)])


def save_card(env, partner, card: str):
    provider = env["payment.provider"].search([("code", "=", "fusion_test")])
    return env["payment.token"].create(
        {
            "provider_id": provider.id,
            "payment_method_id": env["payment.method"].search([("code", "=", "fusion_test")]).id,
            "partner_id": partner.id,
            "payment_details": card[-4:],
            "provider_ref": card,
        }
    )


def heard_long_ago(env) -> None:
    """Let attempts have gone out so long ago that they are looked up."""
    env.cr.execute(
        "UPDATE fusion_billing_collection_attempt SET sent_at = sent_at - interval '1 hour'"
    )


def outcomes(env, invoice_ids: list[int]) -> list[dict]:
    """What became of invoices, in their order."""
    return [
        {
            "attempts": [(one.number, one.state) for one in move.fusion_attempt_ids.sorted("id")],
            "hard_declines": move.fusion_attempt_ids.mapped("is_hard_decline"),
            "references": move.fusion_attempt_ids.mapped("reference"),
            "payments": len(move.transaction_ids.payment_id),
            "payment_state": move.payment_state,
            "expiries": [str(token.fusion_expires_on) for token in move.transaction_ids.token_id],
            "residual": move.amount_residual,
            "in_portal": f"portal-{move.id}" in move.transaction_ids.mapped("reference"),
        }
        for move in browse(env, invoice_ids)
    ]


def plan_on_one_card(env) -> None:
    """Make all attempts that are due, and let one customer pay all of them with one card."""
    attempts = env["fusion.billing.collection.attempt"]
    attempts._plan_all()
    transactions = attempts.search([]).transaction_id
    card, *others = transactions.token_id
    card.partner_id.is_company = True
    for other in others:
        other.partner_id.parent_id = card.partner_id
        other.active = False
    transactions.token_id = card


def expire_soon(env) -> None:
    """Let all saved cards expire in five days, and their customers have addresses."""
    tokens = env["payment.token"].search([("fusion_expires_on", "=", False)])
    tokens.fusion_expires_on = date.today() + timedelta(days=5)  # noqa: DTZ011
    for partner in tokens.partner_id:
        partner.email = f"customer-{partner.id}@example.com"


def told_of_expiry(env) -> list[int]:
    """How many notices there are, of how many cards; how many e-mails, of how many notices."""
    notices = env["fusion.billing.expiry.notice"].search([])
    mails = env["mail.mail"].search([("model", "=", notices._name)])
    return [len(notices), len(notices.token_id), len(mails), len(set(mails.mapped("res_id")))]


def pay_at_signal(env, invoice_ids: list[int]) -> list[int]:
    """Begin to pay invoices as customers do in the portal, once the gate opens.

    :return: those that could be paid
    """
    wait_at_gate(env)
    env.cr.rollback()
    return [move_id for move_id in invoice_ids if does(env, partial(begin_to_pay, env, move_id))]


def does(env, something) -> bool:
    """Do something as a request does; return whether it was not refused."""
    try:
        retrying(something, env)
    except UserError:
        env.cr.rollback()
        return False
    return True


def begin_to_pay(env, invoice_id: int) -> None:
    invoice = env["account.move"].browse(invoice_id)
    if not invoice._has_to_be_paid():
        raise UserError("It is paid.")
    method = env["payment.method"].search([("code", "=", "fusion_test")])
    env["payment.transaction"].create(
        {
            "provider_id": env["payment.provider"].search([("code", "=", "fusion_test")]).id,
            "payment_method_id": method.id,
            "reference": f"portal-{invoice_id}",
            "amount": invoice.amount_residual,
            "currency_id": invoice.currency_id.id,
            "partner_id": invoice.partner_id.id,
            "invoice_ids": [(6, 0, invoice.ids)],
        }
    )


def forgive_kills(env) -> None:
    """Let Odoo forget that runs were killed: after three in a row it lets an action rest."""
    env.cr.execute("DELETE FROM ir_cron_progress")


def refund_by_hand_at_signal(env, invoice_ids: list[int]) -> list[int]:
    """Refund what invoices were paid by, as staff do, once the gate opens.

    :return: those that could be refunded
    """
    wait_at_gate(env)
    env.cr.rollback()
    return [move_id for move_id in invoice_ids if does(env, partial(refund_by_hand, env, move_id))]


def refund_by_hand(env, invoice_id: int) -> None:
    payment = env["account.move"].browse(invoice_id).transaction_ids
    payment.action_refund(amount_to_refund=payment.amount)


def use_credit_at_signal(env, invoice_ids: list[int]) -> list[int]:
    """Let the credit of invoices pay other ones, as staff do, once the gate opens.

    :return: those whose credit did
    """
    wait_at_gate(env)
    env.cr.rollback()
    return [move_id for move_id in invoice_ids if does(env, partial(use_credit, env, move_id))]


def use_credit(env, invoice_id: int) -> None:
    invoice = browse(env, [invoice_id])
    credit_note = invoice._fusion_subscription().invoice_ids - invoice
    if not credit_note.amount_residual:
        raise UserError("It is refunded.")
    other = env["account.move"].create(
        {
            "move_type": "out_invoice",
            "partner_id": invoice.partner_id.id,
            "invoice_line_ids": [(0, 0, {"name": "x", "price_unit": 1, "tax_ids": []})],
        }
    )
    other.action_post()
    (credit_note | other).line_ids.filtered(
        lambda line: line.account_type == "asset_receivable"
    ).reconcile()


def cron_id(env, name: str) -> int:
    return env.ref(f"fusion_billing.{name}").id

"""Two transactions at once, step by step, each on a connection of its own."""

from contextlib import contextmanager

from odoo import SUPERUSER_ID, Command, api
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY, ConcurrencyError

RUN_AGAIN = (*PG_CONCURRENCY_EXCEPTIONS_TO_RETRY, ConcurrencyError)
CRON = "_fusion_cron_create_invoices"


@contextmanager
def begun(env):
    """A transaction that has seen the database; it is committed at the end of the block."""
    with env.registry.cursor() as cr:
        cr.execute("SELECT 1 FROM sale_order LIMIT 1")
        yield api.Environment(cr, SUPERUSER_ID, {})


def price_while_billed(env, price: str) -> bool:
    """Bill everything after somebody began to change a price, and before they do.

    :return: whether they are to begin anew
    """
    try:
        with begun(env) as theirs:
            with begun(env) as run:
                run["sale.order"]._fusion_cron_create_invoices()
            _set(theirs, price)
    except RUN_AGAIN:
        return True
    return False


def bill_while_priced(env, price: str) -> int:
    """Change a price after a run began, and before it bills.

    :return: how many subscriptions it billed all the same
    """
    with begun(env) as run:
        orders = run["sale.order"].search([("fusion_plan_id", "!=", False)])
        with begun(env) as theirs:
            _set(theirs, price)
        orders._fusion_bill_unless_busy(orders)
        return len(orders.filtered("fusion_last_invoice_date"))


def cancel_and_price(env, price: str) -> None:
    """Cancel all documents and change the price, in one transaction."""
    with begun(env) as own:
        moves = own["account.move"].search([("fusion_bill_on", "!=", False)])
        moves.button_draft()
        moves.button_cancel()
        _set(own, price)


def replace_prices(env, day: str, price: str) -> None:
    """Rate at prices that begin on a day, then delete them for others, in one save."""
    charge = env["fusion.billing.charge"].search([])
    charge.write({"version_ids": [Command.create({"valid_from": day, "price_per_unit": "9"})]})
    env["fusion.billing.usage"]._cron_rate_open_periods()
    env.cr.commit()  # pylint: disable=invalid-commit
    with begun(env) as own:
        old = own["fusion.billing.charge.version"].search([("valid_from", "=", day)])
        new = {"valid_from": day, "price_per_unit": price}
        old.charge_id.write({"version_ids": [Command.delete(old.id), Command.create(new)]})


def set_price(env, price: str) -> None:
    _set(env, price)


def _set(env, price):
    env["fusion.billing.charge"].search([]).price_per_unit = price

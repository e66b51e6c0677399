"""Two transactions at once, step by step, each on a connection of its own."""

from contextlib import contextmanager

from odoo import SUPERUSER_ID, api
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


def set_price(env, price: str) -> None:
    _set(env, price)


def _set(env, price):
    env["fusion.billing.charge"].search([]).price_per_unit = price

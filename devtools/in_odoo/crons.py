"""The billing crons, run as Odoo itself runs them."""

RATING, INVOICING = "ir_cron_rate_open_periods", "ir_cron_create_invoices"


def run(env, names: list[str]) -> None:
    """Run scheduled actions one after the other, each through its own record.

    :raise RuntimeError: one of them failed
    """
    for name in names:
        trigger(env.ref(f"fusion_billing.{name}"))


def trigger(cron) -> None:
    outcome = cron.method_direct_trigger()
    if outcome is not True:
        raise RuntimeError(outcome["params"]["data"]["debug"])


def set_active(env, active: bool) -> None:
    """Let the server's own cron workers run the billing crons, or not."""
    for name in (RATING, INVOICING):
        env.ref(f"fusion_billing.{name}").active = active


def count_failures(env) -> int:
    """How many subscriptions show a billing problem."""
    return env["sale.order"].search_count([("fusion_error", "!=", False)])

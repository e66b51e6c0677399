"""The billing crons, run as Odoo itself runs them."""

import importlib
import time

RATING, INVOICING = "ir_cron_rate_open_periods", "ir_cron_create_invoices"
SENDING = "ir_cron_send_invoices"
REVENUE = "ir_cron_follow_revenue"
COLLECTING, DUNNING = "ir_cron_collect", "ir_cron_dun"
GATE = 1_000_019  # number of an advisory lock


def run(env, names: list[str]) -> None:
    """Run scheduled actions one after the other, each through its own record.

    :raise RuntimeError: one of them failed
    """
    for name in names:
        trigger(env.ref(f"fusion_billing.{name}"))


def trigger(cron) -> None:
    """Run a scheduled action, again and again while it says that it had no time for all."""
    remaining = True
    while remaining:
        outcome = cron.method_direct_trigger()
        if outcome is not True:
            raise RuntimeError(outcome["params"]["data"]["debug"])
        cron.env.cr.commit()
        progress = cron.env["ir.cron.progress"].search(
            [("cron_id", "=", cron.id)], order="id desc", limit=1
        )
        remaining = progress.remaining


def run_in_sets(env, names: list[str], size: int) -> None:
    """Run scheduled actions that bill so many subscriptions at once; for `in_odoo.started`."""
    bill_in_sets(size)
    run(env, names)


def bill_in_sets(size: int) -> None:
    """Let runs commit after so many subscriptions, or documents, until this process ends."""
    for step in ("run", "sending"):
        importlib.import_module(f"odoo.addons.fusion_billing.models.invoicing.{step}").BATCH = size


def set_active(env, active: bool) -> None:
    """Let the server's own cron workers run the billing crons, or not."""
    for name in (RATING, INVOICING):
        env.ref(f"fusion_billing.{name}").active = active


def duplicate(env, name: str) -> int:
    """Copy a scheduled action, as somebody may do by mistake: Odoo runs both, even at once.

    :return: the copy's id
    """
    return env.ref(f"fusion_billing.{name}").copy().id


def run_at_signal(env, cron_id: int, size: int) -> None:
    """Run a scheduled action once the gate opens, see `e2e.gate` and `run_in_sets`."""
    bill_in_sets(size)
    wait_at_gate(env)
    trigger(env["ir.cron"].browse(cron_id))


def run_again_and_again(env, name: str, seconds: float) -> int:
    """Run a scheduled action over and over for a while.

    :return: how often
    """
    wait_at_gate(env)
    runs, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        run(env, [name])
        env.cr.commit()
        runs += 1
    return runs


def wait_at_gate(env) -> None:
    with env.registry.cursor() as cr:
        cr.execute("SELECT pg_advisory_xact_lock_shared(%s)", [GATE])

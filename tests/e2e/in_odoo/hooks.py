"""Webhooks inside Odoo's own process: endpoints, a backlog, and the sender."""

import os
import threading
import time

import psutil

from e2e.in_odoo import crons

DELIVER = "ir_cron_deliver_webhooks"


def allow(env, ca_file: str) -> None:
    """Let events go to this machine, where an authority of our own signs certificates."""
    params = env["ir.config_parameter"].sudo()
    params.set_param("fusion_billing.webhook_development_hosts", "127.0.0.1")
    params.set_param("fusion_billing.webhook_development_ca", ca_file)


def point(env, codes: list[str], url: str) -> dict[str, str]:
    """Have the events of services, made if need be, sent to a URL that ends in each one's code.

    :return: secrets by code
    """
    return {code: point_one(env, code, f"{url}/{code}") for code in codes}


def point_one(env, code: str, url: str) -> str:
    services = env["fusion.billing.service"]
    service = services.search([("code", "=", code)]) or services.create(
        {"name": code, "code": code}
    )
    service.webhook_url = url
    return service._generate_webhook_secret()


def watch(env, metric: str, percent: float) -> None:
    """Have apps told when usage of a metric reaches a part of what is included."""
    env["fusion.billing.threshold"].create(
        [
            {"charge_id": charge.id, "kind": "percent", "threshold_value": percent}
            for charge in env["fusion.billing.charge"].search([("metric_id.code", "=", metric)])
        ]
    )


def delete(env, code: str) -> None:
    """Delete a service and all that is its own."""
    env["fusion.billing.service"].search([("code", "=", code)]).unlink()


def fill(env, codes: list[str], events: int, subscriptions: int = 0) -> None:
    """Put events into the outbox, in turn for each service; of so many subscriptions, or none."""
    partner = env["res.partner"].create({"name": "Customer of webhooks"})
    orders = env["sale.order"].create([{"partner_id": partner.id}] * subscriptions)
    services = [env["fusion.billing.service"].search([("code", "=", code)]) for code in codes]
    for number in range(events):
        env["fusion.billing.webhook.delivery"]._emit(
            "endpoint.test",
            services[number % len(services)],
            lambda _service, number=number: {"number": number, "text": "x" * 400},
            orders[number // len(services) % subscriptions] if orders else None,
        )


def deliver(env, cron_id: int | None = None) -> dict:
    """Run the sender until it says that it is done.

    :param cron_id: of a copy of the scheduled action
    :return: `seconds`, and the process's memory in MiB: `before`, after a `tenth`, at `most`
    """
    cron = env["ir.cron"].browse(cron_id) if cron_id else env.ref(f"fusion_billing.{DELIVER}")
    with Memory() as memory:
        begun = time.perf_counter()
        crons.trigger(cron)
        seconds = time.perf_counter() - begun
    return {"seconds": seconds, **memory.figures()}


def deliver_at_signal(env, cron_id: int) -> dict:
    """Run the sender once the gate opens, see `e2e.gate`."""
    crons.wait_at_gate(env)
    return deliver(env, cron_id)


class Memory:
    """Watches the memory of this process during the block."""

    def __enter__(self):
        self._process, self._end, self._samples = psutil.Process(os.getpid()), threading.Event(), []
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_exc):
        self._end.set()
        self._thread.join()

    def _watch(self):
        while not self._end.wait(0.2):
            self._samples.append(self._process.memory_info().rss / 2**20)

    def figures(self) -> dict:
        samples = self._samples or [0]
        return {
            "early": round(max(samples[: max(1, len(samples) // 5)]), 1),
            "most": round(max(samples), 1),
        }

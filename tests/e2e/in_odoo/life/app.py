"""The app of a random life: pushes counters, late ones and corrections too."""

from datetime import timedelta
from decimal import Decimal

QUANTITIES = ("0", "1", "7", "12.5", "101", "0.333333", "2500.000001", "999")


class App:
    """Keeps its own account of what billing accepted."""

    def __init__(self, world):
        self.world, self.env, self.rng = world, world.env, world.rng
        self.accepted, self.removed = {}, 0

    def acts(self):
        return [
            ("app.push", self.push),
            ("app.late", self.late),
            ("app.late", self.late),
            ("app.edit", self.edit),
            ("app.delete", self.delete),
        ]

    def push(self):
        """One batch over many subscriptions, most of it of the last days."""
        events = (
            self._event(order, hours=24 * 14)
            for order in self.env["sale.order"].browse(self.world.ids)
            for _number in range(self.rng.randrange(4))
        )
        self._push([event for event in events if event])

    def late(self):
        """Counters of one subscription from some time ago."""
        order = self.world.order()
        events = (self._event(order, hours=24 * 90) for _number in range(3))
        self._push([event for event in events if event])

    def edit(self):
        """Staff correct a counter by hand."""
        self.correct(self._counter(), self.rng.choice((0, 3, 77.25)))

    def correct(self, usages, quantity):
        usages.write({"quantity": quantity})
        for usage in usages:
            self.accepted[self._key(usage)]["quantity"] = quantity

    def delete(self):
        usage = self._counter()
        if usage:
            key = self._key(usage)
            usage.unlink()
            del self.accepted[key]

    def _counter(self):
        usages = self.world.order().fusion_usage_ids
        return usages.browse(self.rng.choice(usages.ids)) if usages else usages

    def _key(self, usage):
        return usage.subscription_id.id, usage.metric_id.id, usage.idempotency_key

    def _event(self, order, hours):
        """An event that billing takes, or None."""
        now = self.world.now
        start = self.rng.choice(
            (now - timedelta(seconds=self.rng.randrange(hours * 3600)), self._boundary(order))
        )
        if start > now or not order._fusion_covers(start):
            return None
        region = self.rng.choice((None, "eu", "us", "uk"))
        return {
            "subscription_id": order.id,
            "metric_id": self.rng.choice(list(self.world.catalogue.metrics.values())).id,
            "period_start": start,
            "period_end": start + timedelta(hours=1),
            "quantity": Decimal(self.rng.choice(QUANTITIES)),
            "value": self.rng.choice((None, "ann", "bob")),
            "dimensions": {"region": region} if region else None,
            "idempotency_key": f"key-{self.rng.randrange(40)}",
        }

    def _boundary(self, order):
        """A moment on, just before or just after the first instant of a day that matters."""
        days = [phase.date_from for phase in order.fusion_phase_ids]
        days += filter(None, (order.fusion_last_invoice_date, order.fusion_next_invoice_date))
        instant = order._fusion_zones().midnight(self.rng.choice(days))
        return instant + timedelta(seconds=self.rng.choice((-3600, -1, 0, 1, 3600)))

    def _push(self, events):
        by_key = {identity(event): event for event in events}
        self.env["fusion.billing.usage"]._ingest(list(by_key.values()), "life")
        self.accepted.update(by_key)

    def lost(self):
        """Say which accepted counters billing does not have as they were pushed last."""
        stored = {
            (row["subscription_id"][0], row["metric_id"][0], row["idempotency_key"]): (
                row["period_start"],
                round(row["quantity"], 6),
            )
            for row in self.env["fusion.billing.usage"].search_read(
                [], ["subscription_id", "metric_id", "idempotency_key", "period_start", "quantity"]
            )
        }
        gone = {key for key in self.accepted.keys() - stored if self._is_settled(key)}
        self.removed = len(gone)
        return [
            str(key)
            for key, event in self.accepted.items()
            if key not in gone
            and stored.get(key) != (event["period_start"], round(float(event["quantity"]), 6))
        ]

    def _is_settled(self, key):
        """Whether a counter is of days of which none are kept; of a level that holds, all are."""
        order = self.env["sale.order"].browse(key[0])
        metric = self.env["fusion.billing.metric"].browse(key[1])
        kept_from = order.fusion_usage_kept_from
        return (
            kept_from
            and metric.aggregation != "weighted"
            and self.accepted[key]["period_start"] < order._fusion_zones().midnight(kept_from)
        )


def identity(event):
    return event["subscription_id"], event["metric_id"], event["idempotency_key"]

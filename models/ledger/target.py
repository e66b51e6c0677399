"""What is rated: the usage of one charge in one stretch of a subscription's time."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from ...core.money.periods import Period
from ...core.money.pricing import round_amount


@dataclass(frozen=True)
class Target:
    """Everything that an amount depends on, but the quantity.

    For a period that is open the targets come from the plan; for a closed one they come from the
    ledger, so that late usage is rated at the prices, quotas and rates of its own period (R9).

    `takes` is the charge's filter, `{dimension: [values]}` or None; `leaves` are the filters of
    the charges that take usage before this one. `share` is the part of a full billing period.
    `bounds` are the period's first instants in and out, naive in UTC, in the time zone that the
    company had then; `full_seconds` are those of the full billing period, in which a level that is
    weighted by time counts once. `paused` says that no day of the period was in force: then nothing
    is due but usage. `currency_rate` turns the charge's currency into the order's.
    """

    subscription: Any
    charge: Any
    version: Any
    period: Period
    bounds: tuple
    full_seconds: int
    share: Fraction = Fraction(1)
    paused: bool = False
    takes: dict | None = None
    leaves: list | None = None
    currency_rate: Decimal = Decimal(1)

    def entry(self, quantity, terms=None):
        """Return the ledger row for a quantity: column name to value, exact.

        :param Decimal quantity: what the counters of the target combine to
        :param dict terms: those of the version, if they are known already
        """
        priced = self.version._price(quantity, self.share, self.paused, terms)
        rounding = Decimal(str(self.subscription.currency_id.rounding))
        return {
            **self._identity(),
            "quantity": quantity,
            "included_quantity": min(quantity, Decimal(priced.breakdown["included_quota"])),
            "billable_quantity": priced.breakdown["billable"],
            "amount_exact": priced.amount,
            "amount": round_amount(priced.amount, rounding, self.currency_rate),
            "breakdown": priced.breakdown,
        }

    def _identity(self):
        return {
            "subscription_id": self.subscription.id,
            "company_id": self.subscription.company_id.id,
            "charge_id": self.charge.id,
            "version_id": self.version.id,
            "plan_id": self.charge.plan_id.id,
            "metric_id": self.charge.metric_id.id,
            "charge_currency_id": self.charge.currency_id.id,
            "currency_id": self.subscription.currency_id.id,
            "currency_rate": self.currency_rate,
            "period_start": self.period.start,
            "period_end": self.period.end,
            "starts_at": self.bounds[0],
            "ends_at": self.bounds[1],
            "full_seconds": self.full_seconds,
            "share": str(self.share),
            "paused": self.paused,
            "takes": self.takes,
            "leaves": self.leaves,
        }

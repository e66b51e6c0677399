"""A billing period of a subscription as its customer reads it."""

from decimal import Decimal
from functools import cached_property

from odoo.tools import format_date, groupby

from ...core.api.answer import plain
from ...core.api.errors import InvalidInput
from ...core.money.timeline import BillingPeriod
from ..base.wording import format_period, format_quantity
from ..catalog.price_wording import format_price
from .daily import count_days

HIGH = 40  # of a chart's highest bar, in the units of its drawing
WIDE = 10  # of each bar
PLACES = 6  # of what was used on a day: a level that is weighted by time is a quotient


class Page:
    """Says in the reader's language what a billing period comes to, and why.

    Every amount is the ledger's: of its rows, or of the function behind them where counters wait
    to be rated. Nothing is written, and nothing internal is told.

    :param order: the subscription, in sudo; its environment names the language
    :param date day: one of the billing period; of the open one if empty or in none that has begun
    """

    def __init__(self, order, day=None):
        self.env = order.env
        self.order = order
        self._usage = order.env["fusion.billing.api.period_usage"]
        self.period = self._find_period(day)

    def _find_period(self, day):
        for wanted in (day, None):
            try:
                return self._usage._find_period(self.order, wanted)
            except InvalidInput:
                continue
        # A subscription that was closed on its first day has none.
        days = self.order._fusion_open_period()
        return BillingPeriod(*days, full=days)

    # === WHAT THE TEMPLATE SHOWS === #

    def values(self):
        """Return what the template shows of this billing period; all numbers are texts.

        Where it cannot be worked out, `is_known` is false: why is not the customer's business.
        """
        try:
            return {"period": self.name, "is_known": True, **self._figures()}
        except InvalidInput:
            return {"period": self.name, "is_known": False}

    @property
    def name(self):
        return format_period(self.env, *self.period.lived)

    @property
    def is_open(self):
        return self.order._fusion_is_running() and self.period.end > self.order._fusion_opened_on()

    def _figures(self):
        fixed = sum((entry["amount"] for _target, entry in self._fees), Decimal(0))
        heading = sum(self._projected, Decimal(0))
        return {
            "fees": self._describe_fees(),
            "charges": self._describe_charges(),
            "so_far": self._money(fixed + self.used_amount),
            "projected": self._money(fixed + heading) if self.is_open else "",
        }

    # === USAGE === #

    @cached_property
    def _lines(self):
        has_news = self._usage._has_news(self.order)
        return self._usage._find_lines(self.order, self.period, worked_out=has_news)

    @cached_property
    def _projected(self):
        return self._usage._project(self.order, self.period, self._lines)

    @cached_property
    def used_amount(self):
        """What all usage of the period comes to until now: what a budget is for."""
        return sum((line.figures["amount"] for line in self._lines), Decimal(0))

    @cached_property
    def days(self):
        """What was used by day: a list of `daily.Days`."""
        return count_days(self.order, [line.target for line in self._lines])

    def table(self):
        """Return what was used by day, with headings, for a file: numbers are plain (M1)."""
        yield (
            self.env._("Day"),
            self.env._("Metric"),
            self.env._("Code"),
            self.env._("Only Where"),
            self.env._("Used"),
        )
        for charge, used in self.days:
            metric = charge.metric_id
            for day, quantity in used:
                text = plain(quantity)
                yield day.isoformat(), metric.name, metric.code, charge.filter_summary, text

    def _describe_charges(self):
        charts = {days.charge: days.used for days in self.days}
        pairs = zip(self._lines, self._projected, strict=True)
        return [
            {
                "id": charge.id,
                "name": charge.metric_id.name,
                "only": charge.filter_summary,
                "lines": [self._describe_line(*pair) for pair in group],
                "chart": self._draw(charts[charge]),
            }
            for charge, group in groupby(pairs, key=lambda pair: pair[0].target.source)
        ]

    def _describe_line(self, line, projected):
        rating = self._find_row(line)
        used, included = line.figures["quantity"], Decimal(rating.breakdown["included_quota"])
        return {
            "days": self._name_days(line.target.stretch.days),
            "used": format_quantity(self.env, used),
            "bar": self._bar(used, included),
            "in_words": self._describe_use(used, included),
            "amount": self._money(line.figures["amount"]),
            "projected": self._money(projected) if projected != line.figures["amount"] else "",
            "receipt": rating._prepare_receipt(),
        }

    def _find_row(self, line):
        """Return the row of the ledger that says how a line comes about, or what it would say: one
        that was corrected to nothing does not say it any more.
        """
        if line.rating and line.rating.breakdown:
            return line.rating
        return self._work_out(line.target.entry(line.figures["quantity"]))

    def _work_out(self, entry):
        """Return a row of the ledger that is not stored, so that it reads as stored ones do."""
        return self.env["fusion.billing.rating"].new(entry)

    def _name_days(self, days):
        """Name the days of a stretch, if it is not all of the billing period."""
        return "" if days == self.period.lived else format_period(self.env, *days)

    def _bar(self, used, included):
        """Return how much of a bar is used of what is included, and over it, in percent; none
        where nothing is included.
        """
        if not included:
            return None
        within = int(min(used, included) * 100 / max(used, included))
        return {"within": within, "over": 100 - within if used > included else 0}

    def _describe_use(self, used, included):
        words = {
            "used": format_quantity(self.env, _shown(used)),
            "included": format_quantity(self.env, _shown(included)),
            "over": format_quantity(self.env, _shown(used - included)),
        }
        if not included:
            return self.env._("%(used)s used", **words)
        if used > included:
            return self.env._("%(used)s used: %(included)s included, %(over)s over it", **words)
        return self.env._("%(used)s used of %(included)s included", **words)

    # === THE BUDGET === #

    def spent(self, budget):
        """Return how much of a budget usage has come to, as a bar shows it."""
        words = {"used": self._money(self.used_amount), "budget": self._money(budget)}
        return {
            "in_words": self.env._("%(used)s of your budget of %(budget)s is used", **words),
            "percent": int(min(100, self.used_amount * 100 / budget)),
            "is_over": self.used_amount >= budget,
        }

    def plain(self, amount):
        """Return an amount as fields for numbers want it, whatever the language."""
        return "" if amount is None else plain(amount)

    # === THE CHART === #

    def _draw(self, used):
        """Return the bars of a chart by day, in the units of its drawing."""
        used = [(day, round(quantity, PLACES)) for day, quantity in used]
        highest = max((quantity for _day, quantity in used), default=0)
        return {
            "width": max(1, len(used)) * WIDE,
            "height": HIGH,
            "bars": [
                {
                    "x": number * WIDE,
                    "height": f"{HIGH * quantity / highest if highest else 0:.2f}",
                    "top": f"{HIGH - HIGH * quantity / highest if highest else HIGH:.2f}",
                    "day": format_date(self.env, day),
                    "used": format_quantity(self.env, quantity),
                }
                for number, (day, quantity) in enumerate(used)
            ],
            "highest": format_quantity(self.env, highest),
        }

    # === FEES === #

    @cached_property
    def _fees(self):
        targets = self._usage._find_targets(self.order, self.period, fees=True)
        return self.env["fusion.billing.rating"]._entries(targets)

    def _describe_fees(self):
        return [
            {
                "name": target.source.product_id.display_name,
                "days": self._name_days(target.stretch.days),
                "in_words": self._work_out(entry)._prepare_receipt()["fee"],
                "amount": self._money(entry["amount"]),
            }
            for target, entry in self._fees
        ]

    def _money(self, amount):
        return format_price(self.env, amount, self.order.currency_id)


def _shown(quantity):
    """Return a quantity as people read it: a share of days has decimals without end."""
    is_share = -quantity.as_tuple().exponent > PLACES
    return round(quantity, 2) if is_share else quantity

from collections import Counter

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL, groupby

from ...core.api import payload
from ...core.api.cells import read_day, shown_number
from ...core.api.errors import BillingError, InvalidInput
from ...core.api.strict_json import read_object
from ...core.api.usage_event import Subscription, bind_events, read_events, subscription_reference
from ..base.retry import run_again_if_faster
from ..base.subscription_states import STARTED

KEY = ("service_code", "subscription_external_id", "metric_code", "idempotency_key")
BOUND = ("subscription_id", "metric_id", "idempotency_key")
MOMENTS = ("period_start", "period_end")


class FusionBillingUsage(models.Model):
    """Counters from a file: read, checked and stored as those that an app pushes (U2 to U5)."""

    _name = "fusion.billing.usage"
    _inherit = ["fusion.billing.usage", "fusion.billing.import.mixin"]

    @api.model
    def get_import_templates(self):
        return [
            {
                "label": self.env._("Import Template for Usage"),
                "template": "/fusion_billing/static/xls/usage.xlsx",
            }
        ]

    @api.model
    def _import_columns(self):
        return {
            "service_code": (self.env._("Service Code"), "char", False),
            "subscription_external_id": (self.env._("Subscription"), "char", True),
            "metric_code": (self.env._("Metric Code"), "char", True),
            "quantity": (self.env._("Quantity"), "float", True),
            "period_start": (self.env._("Start"), "datetime", True),
            "period_end": (self.env._("End"), "datetime", True),
            "idempotency_key": (self.env._("Idempotency Key"), "char", True),
            "value": (self.env._("Value"), "char", False),
            "dimensions": (self.env._("Dimensions"), "char", False),
        }

    @api.model
    def _import_rows(self, rows, limit):
        raws, wrong = self._import_raw_events(rows[:limit])
        codes = [_text(raw.pop("service_code", None)) for raw in raws]
        events, _broken, errors = read_events(raws, self.env.company._fusion_now())
        errors += _without_key(events) + _repeated(rows)
        errors += self._import_bind(events, codes)
        wrong |= {
            (row, error.field, self._explain_usage(error, codes[row : row + 1]))
            for row, error in errors
        }
        if wrong:
            return [], wrong
        # Who may not read an order does not add to it.
        orders = {event["subscription_id"] for event in events.values()}
        self.env["sale.order"].browse(orders).check_access("read")
        with run_again_if_faster():
            self._ingest(list(events.values()), self.env.user.login)
        return self._import_ids(events), []

    # === READING === #

    def _import_raw_events(self, rows):
        """Return rows as an app would send them, and what is wrong already."""
        zones, wrong = self.env.company._fusion_zones(), set()
        for number, row in enumerate(rows):
            for name in MOMENTS:
                # A day begins at its midnight in the billing time zone (R3).
                if day := isinstance(row.get(name), str) and read_day(row[name]):
                    row[name] = f"{zones.midnight(day).isoformat()}Z"
            if isinstance(row.get("quantity"), str):
                row["quantity"] = shown_number(row["quantity"])
            if isinstance(row.get("dimensions"), str):
                try:
                    row["dimensions"] = read_object(row["dimensions"].encode())
                except BillingError:
                    row["dimensions"] = None
                    wrong.add((number, "dimensions", self._import_rule("dimensions")))
        return [{**row} for row in rows], wrong

    # === WHAT A ROW NAMES === #

    def _import_bind(self, events, codes):
        """Put events beside what they name, service by service.

        :param list codes: of each row, the code of its service; None: orders are named by number
        """
        services, errors = self._import_services(), []
        for code, group in groupby(sorted(events), key=lambda row: codes[row]):
            own = {row: events[row] for row in group}
            if code and code not in services:
                error = InvalidInput("", "unknown_service", "service_code")
                errors += [(row, error) for row in own]
                continue
            names = {subscription_reference(event) for event in own.values()}
            found = (
                self.env["fusion.billing.api.references"]._look_up(services[code], names)
                if code
                else self._import_orders(names)
            )
            errors += bind_events(own, *found)
        return errors + _bound_twice(events)

    def _import_orders(self, names):
        """Look up subscriptions by their order numbers, and the metrics of the company."""
        company = self.env.company
        orders = self.env["sale.order"].search(
            self.env["sale.order"]._fusion_subscription_domain(STARTED)
            & Domain("company_id", "=", company.id)
            & Domain("name", "in", list(names))
        )
        count = Counter(orders.mapped("name"))
        subscriptions = {
            order.name: Subscription(order.id, order._fusion_spans())
            for order in orders
            if count[order.name] == 1  # people may give a number twice
        }
        return subscriptions, self.env["fusion.billing.metric"]._ids_by_code(company.id)

    def _import_ids(self, events):
        """Return the counters of events, in their order."""
        keys = [[events[row][name] for row in sorted(events)] for name in BOUND]
        return [number for [number] in self.env.execute_query(SQL(IDS, *keys))]

    # === WORDS === #

    def _explain_usage(self, error, codes):
        """Say what is wrong with a row: what an app is told, in the reader's language.

        :param list codes: the code of its service, if it names one
        """
        sentences = {
            "unknown_subscription": (
                self.env._("There is no such subscription of a customer of this service.")
                if any(codes)
                else self.env._("There is no subscription with this order number.")
            ),
            "unknown_metric": self.env._("There is no metric with this code."),
            "period_outside_subscription": self.env._(
                "The subscription is not billed at this time: it begins later, has ended or is"
                " paused."
            ),
            "duplicate_key_in_batch": self.env._("An earlier row has the same idempotency key."),
        }
        if error.code in sentences:
            return sentences[error.code]
        is_missing = error.code == "missing_field"
        return (not is_missing and self._import_rule(error.field)) or self._explain_import(error)

    def _import_rule(self, name):
        rules = {
            "quantity": self.env._(
                "“Quantity” must be a number that is not negative, with at most 18 digits before"
                " the point and 6 after it."
            ),
            "period_start": self.env._(
                "“Start” must be a day like 2026-11-01, or a time like 2026-11-01T00:00:00Z, not"
                " more than a day ahead of now."
            ),
            "period_end": self.env._(
                "“End” must be a day or a time, later than the start: a counter of one day ends on"
                " the next."
            ),
            "dimensions": self.env._(
                "“Dimensions” must be a JSON object of texts, numbers and booleans, such as"
                ' {"region": "eu"}.'
            ),
        }
        return rules.get(name)


def _without_key(events):
    """A counter without a key would be counted again with each load of its file."""
    missing = [row for row, event in events.items() if event["idempotency_key"] is None]
    return [(row, payload.missing("idempotency_key")) for row in missing]


def _repeated(rows):
    """A key that stands twice in a file, wherever its batches are cut."""
    seen, errors = set(), []
    for number, row in enumerate(rows):
        key = tuple(_text(row.get(name)) for name in KEY)
        if key[-1] and key in seen:
            errors.append((number, _same_key()))
        seen.add(key)
    return errors


def _bound_twice(events):
    """The same where a row names the subscription by its service, and another by its number."""
    seen, errors = set(), []
    for row in sorted(row for row in events if "metric_id" in events[row]):
        key = tuple(events[row][name] for name in BOUND)
        if key[-1] and key in seen:
            errors.append((row, _same_key()))
        seen.add(key)
    return errors


def _same_key():
    return InvalidInput("", "duplicate_key_in_batch", "idempotency_key")


def _text(cell):
    return None if cell is None else str(cell)


IDS = """
SELECT usage.id
  FROM unnest(%s::int[], %s::int[], %s::text[])
       WITH ORDINALITY AS event(subscription_id, metric_id, idempotency_key, position)
  JOIN fusion_billing_usage AS usage USING (subscription_id, metric_id, idempotency_key)
 ORDER BY position
"""

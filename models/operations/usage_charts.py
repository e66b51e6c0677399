from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_date, groupby

from ...core.api.errors import InvalidInput
from ...core.money.timeline import DAY
from ..base.staff import check_staff
from ..catalog.price_wording import format_price
from ..portal.page import Page
from .dashboard_money import RATINGS

USAGE = "fusion_billing.fusion_billing_usage_action"
PERIODS = 12  # the latest billing periods


class SaleOrder(models.Model):
    """What the form of a subscription asks for once it is open: what takes a moment to find out."""

    _inherit = "sale.order"

    # === USAGE === #

    @api.readonly
    def read_fusion_usage(self):
        """Return what was used by day in the open billing period, and what usage of the last
        billing periods came to, as charts of the dashboard.

        :raise AccessError: somebody else than billing staff asks
        """
        self.ensure_one()
        check_staff(self, "read")
        return {
            "currency_id": self.currency_id.id,
            "charts": [*self._fusion_period_charts(), *self._fusion_day_charts()],
        }

    def _fusion_day_charts(self):
        """Return a chart of each charge by day; none where that cannot be worked out."""
        # sudo: what was used does not depend on who looks.
        try:
            used_by_day = Page(self.sudo()).days if self._fusion_has_begun() else ()
        except InvalidInput:
            return []
        return [self._fusion_day_chart(*days) for days in used_by_day if days.used]

    def _fusion_day_chart(self, charge, used):
        subject = " ".join(filter(None, (charge.metric_id.name, charge.filter_summary)))
        counters = Domain("subscription_id", "=", self.id) & Domain(
            "metric_id", "=", charge.metric_id.id
        )
        zones = self._fusion_zones()
        spans = [(zones.midnight(day), zones.midnight(day + DAY)) for day, _used in used]
        return {
            "key": f"day-{charge.id}",
            "title": self.env._("%s by day, in the open billing period", subject),
            "axis": self.env._("Day"),
            "kind": "bar",
            "unit": "quantity",
            "labels": [format_date(self.env, day) for day, _used in used],
            "datasets": [
                {
                    "key": "used",
                    "label": subject,
                    "data": [float(quantity) for _day, quantity in used],
                    "domains": [list(counters & _between("period_start", *span)) for span in spans],
                }
            ],
            "action": {"xmlid": USAGE, "name": subject, "domain": list(counters)},
        }

    def _fusion_period_charts(self):
        """Return a chart of what usage came to in the last billing periods; none without any."""
        rows = Domain("subscription_id", "=", self.id) & Domain("charge_id", "!=", False)
        groups = self.env["fusion.billing.rating"]._read_group(
            rows, ["cycle_start:day", "metric_id"], ["amount:sum"], order="cycle_start:day"
        )
        starts = sorted({start for start, *_rest in groups})[-PERIODS:]
        if not starts:
            return []
        title = self.env._("What usage came to, by billing period")
        return [
            {
                "key": "periods",
                "title": title,
                "axis": self.env._("Billing Period"),
                "kind": "stacked",
                "unit": "amount",
                "labels": [format_date(self.env, start) for start in starts],
                "datasets": [
                    self._fusion_period_dataset(metric, starts, rows, some)
                    for metric, some in groupby(groups, key=lambda group: group[1])
                ],
                "action": {"xmlid": RATINGS, "name": title, "domain": list(rows)},
            }
        ]

    def _fusion_period_dataset(self, metric, starts, rows, groups):
        amounts = {start: amount for start, _metric, amount in groups}
        of_metric = rows & Domain("metric_id", "=", metric.id)
        return {
            "key": f"metric-{metric.id}",
            "label": metric.name,
            "data": [amounts.get(start, 0) for start in starts],
            "domains": [
                list(of_metric & Domain("cycle_start", "=", fields.Date.to_string(start)))
                for start in starts
            ],
        }

    # === THE NEXT DOCUMENT === #

    def read_fusion_next_documents(self):
        """Return what the next documents come to, with taxes: texts, none if nobody knows yet.

        They are made and taken back. While somebody else is at work on the subscription nobody
        waits for that.

        :raise AccessError: somebody else than billing staff asks
        """
        self.ensure_one()
        check_staff(self, "read")
        order = self.sudo()  # sudo: what is owed does not depend on who looks.
        if not order._fusion_is_running() or not order._fusion_try_lock():
            return []
        try:
            documents = order._fusion_upcoming_documents()
        except UserError:
            return []
        return [
            format_price(
                self.env,
                -document["total"] if document["type"] == "credit_note" else document["total"],
                self.env["res.currency"].browse(document["currency_id"]),
            )
            for document in documents
        ]


def _between(field, start, end):
    start, end = map(fields.Datetime.to_string, (start, end))
    return Domain(field, ">=", start) & Domain(field, "<", end)

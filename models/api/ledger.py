from odoo import models
from odoo.fields import Domain

from ...core.api.answer import money
from ...core.money.due import due
from .paging import find_page

QUANTITIES = {
    "quantity": "quantity",
    "included": "included_quantity",
    "billable": "billable_quantity",
}
AMOUNTS = {"owed": "amount", "settled": "settled", "waived": "waived"}


class FusionBillingApiLedger(models.AbstractModel):
    """What is owed, row by row, and what of it is settled."""

    _name = "fusion.billing.api.ledger"
    _description = "API: the ledger"
    _inherit = ["fusion.billing.api.finder", "fusion.billing.api.serializer"]

    # === ENDPOINTS === #

    def _list(self, service, values):
        page, next_cursor = find_page(
            self.env["fusion.billing.rating"],
            self._rows_domain(service, values),
            values["limit"],
            values["cursor"],
            values["changed_since"],
        )
        return {"rows": self._describe_rows(service, page), "next_cursor": next_cursor}

    def _rows_domain(self, service, values):
        """:raise InvalidInput: the query names a subscription that is not there"""
        domain = Domain("subscription_id", "in", self._named_subscriptions(service, values))
        if values["from"]:
            domain &= Domain("date_from", ">=", values["from"])
        if values["to"]:
            domain &= Domain("date_from", "<", values["to"])
        return domain & Domain("due", "!=", 0) if values["due"] else domain

    # === ANSWERS === #

    def _describe_rows(self, service, rows):
        exact = rows._read_exact([*QUANTITIES.values(), *AMOUNTS.values()])
        return [self._describe_row(service, row, exact[row.id]) for row in rows]

    def _describe_row(self, service, row, exact):
        places, charge = row.currency_id.decimal_places, row.charge_id
        return {
            "row_id": row.id,
            "subscription_id": row.subscription_id.id,
            "subscription_external_id": self._own_external_id(service, row.subscription_id),
            "kind": "usage" if row._is_usage() else "fee",
            "plan_code": (charge and row.plan_id.code) or None,
            "metric_code": row.metric_id.code or None,
            "filter": (row.usage_filter or {}) if charge else None,
            "product_code": row.product_id.default_code or None,
            "period_start": row.date_from,
            "period_end": row.date_until,
            "bill_on": row.bill_on,
            **{name: exact[field] if charge else None for name, field in QUANTITIES.items()},
            **{name: money(exact[field], places) for name, field in AMOUNTS.items()},
            "due": money(due(*(exact[field] for field in AMOUNTS.values())), places),
            "currency": row.currency_id.name,
            "breakdown": row.breakdown or None,
            "rated_at": row.rated_at or None,
        }

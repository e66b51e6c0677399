from odoo import models
from odoo.fields import Domain

from ...core.api import errors, paging
from ...core.api.endpoints.reconciliation import MISMATCH
from ...core.api.payload import ID_LIMIT, invalid
from ...core.api.totals import read_totals, repeated
from ..api.paging import find_page
from .reconciliation import MISMATCHES

FIRST_PAGE = {"result": MISMATCH, "limit": paging.DEFAULT_LIMIT, "cursor": 0}


class FusionBillingApiReconciliation(models.AbstractModel):
    """An app's own totals, held against what it is billed by."""

    _name = "fusion.billing.api.reconciliation"
    _description = "API: reconciliation"
    _inherit = ["fusion.billing.api.finder", "fusion.billing.api.serializer"]

    # === ENDPOINTS === #

    def _post(self, service, terms):
        """Compare totals, all of them or none.

        :return: the reconciliation, and the first of the rows that do not match
        :raise BatchError: what is wrong with which row
        """
        if terms["period_start"] >= terms["period_end"]:
            raise invalid("period_end", "must be later than period_start")
        totals, wrong = read_totals(terms.pop("rows"))
        wrong += self._bind_currencies(totals)
        if wrong:
            raise errors.BatchError(wrong, "row")
        # sudo: what is compared is written by the comparison alone.
        one, is_new, repeats = (
            self.env["fusion.billing.reconciliation"]
            .sudo()
            ._take(service.company_id, service, terms, totals.items())
        )
        if repeats:
            raise errors.BatchError([(index, repeated()) for index in repeats], "row")
        return {**self._describe(service, one, FIRST_PAGE), "created": is_new}

    def _list(self, service, values):
        page, next_cursor = find_page(
            self.env["fusion.billing.reconciliation"],
            Domain("service_id", "=", service.id),
            **values,
        )
        return {
            "reconciliations": page._describe(self._visible_rows(service)),
            "next_cursor": next_cursor,
        }

    def _read(self, service, reconciliation_id, values):
        """:raise NotFound: the service has no such reconciliation"""
        digits = reconciliation_id.isascii() and reconciliation_id.isdigit()
        number = int(reconciliation_id) if digits and len(reconciliation_id) <= 10 else ID_LIMIT
        own = Domain("service_id", "=", service.id) & Domain("id", "=", number)
        one = number < ID_LIMIT and self.env["fusion.billing.reconciliation"].search(own)
        if not one:
            raise errors.NotFound("This service has no such reconciliation.")
        return self._describe(service, one, values)

    # === READING === #

    def _bind_currencies(self, totals):
        """Give each total the id of its currency; return the errors."""
        codes = {total["currency"] for total in totals.values() if total["currency"]}
        currencies = self.env["res.currency"].with_context(active_test=False)
        found = currencies.search([("name", "in", list(codes))])
        ids = {None: None, **{currency.name: currency.id for currency in found}}
        for total in totals.values():
            total["currency_id"] = ids.get(total["currency"])
        unknown = invalid("currency", "must be a currency that is known here")
        return [(index, unknown) for index, t in totals.items() if t["currency"] not in ids]

    def _visible_rows(self, service):
        """Return the domain of the rows that a service may see: of subscriptions that it may."""
        orders = self.env["sale.order"]._search(self._subscriptions_domain(service))
        return Domain("subscription_id", "=", False) | Domain("subscription_id", "in", orders)

    # === ANSWERS === #

    def _describe(self, service, one, values):
        """Return a reconciliation and a page of its rows."""
        visible = self._visible_rows(service)
        wanted = visible & Domain("reconciliation_id", "=", one.id)
        if result := values["result"]:
            wanted &= Domain("result", "in", MISMATCHES if result == MISMATCH else [result])
        page, next_cursor = find_page(
            self.env["fusion.billing.reconciliation.row"], wanted, values["limit"], values["cursor"]
        )
        [facts] = one.with_env(self.env)._describe(visible)
        return {**facts, "rows": self._describe_rows(service, page), "next_cursor": next_cursor}

    def _describe_rows(self, service, page):
        figures = page._read_figures()
        return [
            {
                "subscription_id": row.subscription_id.id or None,
                "subscription_external_id": self._own_external_id(service, row.subscription_id)
                if row.subscription_id
                else row.subscription_name,
                "metric_code": row.metric_code,
                "result": row.result,
                "reason": row.reason or None,
                "quantity": figures[row.id]["their_quantity"],
                "our_quantity": figures[row.id]["our_quantity"],
                "quantity_difference": figures[row.id]["quantity_difference"],
                "amount": figures[row.id]["their_amount"],
                "our_amount": figures[row.id]["our_amount"],
                "amount_difference": figures[row.id]["amount_difference"],
                "currency": row.currency_id.name or None,
                "open": row.is_open,
            }
            for row in page
        ]

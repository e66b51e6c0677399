from decimal import Decimal

from odoo import models

from ...core.api.answer import money
from ...core.api.errors import InvalidInput
from ...core.api.payload import invalid


class FusionBillingApiEstimate(models.AbstractModel):
    """What usage would cost, told before anything is used."""

    _name = "fusion.billing.api.estimate"
    _description = "API: estimates"
    _inherit = ["fusion.billing.api.finder"]

    # === ENDPOINTS === #

    def _estimate(self, service, values):
        """Price quantities as one full period of a plan would, and store nothing.

        :raise InvalidInput: `unknown_plan`, `unknown_metric`, `invalid_currency`
        """
        plan = self._find_plan(service, values["plan_id"], values["plan_code"])
        used = self._find_quantities(service, values["quantities"])
        # sudo: an app reads no companies, but its prices are in the currency of one.
        currency = self._find_currency(values["currency"]) or plan.company_id.sudo().currency_id
        lines = plan._estimate(used, currency)
        priced = {line["charge"].metric_id for line in lines if not line["charge"]._filter()}
        return {
            "plan_id": plan.id,
            "plan_code": plan.code,
            "lines": list(map(self._describe_line, lines)),
            **self._describe_totals(plan._total_by_currency(lines) or {currency: 0}),
            "not_charged": [metric.code for metric in used if metric not in priced],
        }

    # === FINDING === #

    def _find_quantities(self, service, by_code):
        """Return the quantities by metric.

        :raise InvalidInput: `unknown_metric`, names the first one
        """
        ids = self._find_metrics(service, by_code)
        for code in by_code:
            if code not in ids:
                raise InvalidInput(
                    f"There is no metric {code!r:.60}.", "unknown_metric", "quantities"
                )
        metrics = self.env["fusion.billing.metric"]
        return {metrics.browse(ids[code]): used for code, used in by_code.items()}

    def _find_currency(self, code):
        """Return an active currency, none for no code."""
        currency = self.env["res.currency"].search([("name", "=", code)]) if code else None
        if code and not currency:
            raise invalid("currency", "must be the code of an active currency, like EUR")
        return currency

    # === ANSWERS === #

    def _describe_line(self, line):
        charge, breakdown = line["charge"], line["breakdown"]
        return {
            "metric_code": charge.metric_id.code,
            "filter": charge._filter(),
            "charge_model": breakdown["model"],
            "quantity": line["quantity"],
            "included": min(line["quantity"], Decimal(breakdown["included_quota"])),
            "billable": breakdown["billable"],
            "amount": money(line["amount"], charge.currency_id.decimal_places),
            "currency": charge.currency_id.name,
            "breakdown": breakdown,
        }

    def _describe_totals(self, totals):
        """Return one total per currency, and `total` and `currency` if there is only one."""
        written = [
            {"currency": currency.name, "amount": money(total, currency.decimal_places)}
            for currency, total in totals.items()
        ]
        single = written[0] if len(written) == 1 else {}
        return {
            "total": single.get("amount"),
            "currency": single.get("currency"),
            "totals": written,
        }

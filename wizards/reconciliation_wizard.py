import base64
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core.api.totals import read_total
from ..models.base.bounded import Day
from ..models.base.staff import check_staff
from .spreadsheet import TooLarge, UnreadableFile, read_table

DAY = timedelta(days=1)
ERRORS_SHOWN = 10
LINES = 200_000
MEGABYTES = 25
# What the columns of a file are to an app that sends the same.
COLUMNS = {
    "subscription": "subscription_external_id",
    "metric": "metric_code",
    "quantity": "quantity",
    "amount": "amount",
    "currency": "currency",
}


class ReconciliationWizard(models.TransientModel):
    """Takes a file with somebody's own totals of a period, and compares them."""

    _name = "fusion.billing.reconciliation.wizard"
    _description = "Compare Totals"
    _inherit = ["fusion.billing.owned.mixin"]

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, default=lambda self: self.env.company
    )
    service_id = fields.Many2one(
        "fusion.billing.service",
        ondelete="cascade",
        domain="[('company_id', '=', company_id)]",
        help="Whose totals these are: subscriptions are named as the app names them. Without one"
        " they are named by their order numbers, and are those of the whole company.",
    )
    date_from = Day("First Day", required=True, default=lambda self: self._last_month()[0])
    last_day = Day(required=True, default=lambda self: self._last_month()[1])
    reference = fields.Char(help="Tells several lists of the same period apart.")
    partial = fields.Boolean(
        "Only a Part", help="What the file leaves out is not told as missing there."
    )
    file = fields.Binary(required=True, attachment=False, help="CSV or XLSX.")
    filename = fields.Char()

    @api.model
    def _last_month(self):
        """Return the first and the last day of the month before this one."""
        last = self.env.company._fusion_today().replace(day=1) - DAY
        return last.replace(day=1), last

    # === ACTIONS === #

    def action_compare(self):
        """Compare the totals of the file and show what came of it."""
        self.ensure_one()
        reconciliations = self.env["fusion.billing.reconciliation"]
        check_staff(reconciliations, "read")
        if self.service_id and self.service_id.company_id != self.company_id:
            raise UserError(self.env._("The service must be one of the same company."))
        # sudo: what is compared is written by the comparison alone.
        one, _is_new, repeated = reconciliations.sudo()._take(
            self.company_id, self.service_id.sudo(), self._terms(), self._read_totals()
        )
        if repeated:
            self._refuse(
                [
                    (line, self.env._("this subscription and metric have a line already"))
                    for line in repeated
                ]
            )
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "fusion_billing.fusion_billing_reconciliation_action"
        )
        return {**action, "views": [(False, "form")], "res_id": one.id, "target": "main"}

    def _terms(self):
        if self.last_day < self.date_from:
            raise UserError(self.env._("The last day must not be before the first one."))
        zones = self.company_id._fusion_zones()
        return {
            "period_start": zones.midnight(self.date_from),
            "period_end": zones.midnight(self.last_day + DAY),
            "reference": self.reference,
            "partial": self.partial,
        }

    # === READING === #

    def _read_totals(self):
        """Yield each line's number and total.

        :raise UserError: some lines are wrong: the first of them are told
        """
        currencies = self.env["res.currency"].with_context(active_test=False)
        currencies = currencies.search([("name", "!=", False)])
        ids = {None: None, **{currency.name: currency.id for currency in currencies}}
        wrong = []
        for number, cells in self._read_lines():
            total, errors = read_total({key: cells.get(name) for name, key in COLUMNS.items()})
            if not errors and total["currency"] in ids:
                yield number, {**total, "currency_id": ids[total["currency"]]}
                continue
            column = errors[0].field if errors else "currency"
            wrong.append((number, self._explain(column, cells)))
            if len(wrong) == ERRORS_SHOWN:
                break
        if wrong:
            self._refuse(wrong)

    def _read_lines(self):
        content = base64.b64decode(self.file)
        if len(content) > MEGABYTES * 2**20:
            raise UserError(self.env._("The file must have at most %s MB: split it.", MEGABYTES))
        try:
            for number, cells in read_table(content):
                if number > LINES:
                    raise TooLarge
                yield number, cells
        except TooLarge:
            raise UserError(
                self.env._("The file must have at most %s lines: split it.", LINES)
            ) from None
        except UnreadableFile:
            raise UserError(
                self.env._("The file must be XLSX, or CSV in UTF-8: save it as one of these.")
            ) from None

    def _explain(self, field, cells):
        """Say what is wrong with a cell."""
        column = {key: name for name, key in COLUMNS.items()}.get(field, "subscription")
        if cells.get(column) is None:
            return self.env._("“%s” is missing", column)
        if column in ("quantity", "amount"):
            return self.env._(
                "“%s” must be a number that is not negative, such as 1250.5, with at most 6 digits"
                " after the point",
                column,
            )
        if column == "currency":
            return self.env._("“%s” must be a currency that is known here, such as EUR", column)
        return self.env._("“%s” must be a text of at most 255 characters", column)

    def _refuse(self, wrong):
        """:raise UserError: what is wrong with which line"""
        lines = [
            self.env._("Line %(line)s: %(problem)s.", line=line, problem=problem)
            for line, problem in wrong[:ERRORS_SHOWN]
        ]
        raise UserError(
            self.env._("Nothing was compared. Correct the file:") + "\n" + "\n".join(lines)
        )

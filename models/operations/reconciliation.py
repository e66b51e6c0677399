from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_datetime

from ..base.staff import check_staff
from ..base.wording import format_period
from .reconciliation_row import RESULTS

BY_STAFF = {"note", "open_row_ids"}
MISMATCHES = tuple(result for result, _label in RESULTS if result != "matched")


class FusionBillingReconciliation(models.Model):
    """Somebody's own totals of a period held against what was counted and is owed here.

    An app sends them, or staff upload its file. Of one service, period and reference there is one:
    totals that are given again take the place of those before, and what staff said of a
    difference stays while the difference is the same.
    """

    _name = "fusion.billing.reconciliation"
    _description = "Reconciliation"
    _inherit = ["fusion.billing.owned.mixin"]
    _order = "period_start desc, id desc"
    _check_company_auto = True

    company_id = fields.Many2one(
        "res.company", required=True, index=True, readonly=True, fixed=True
    )
    service_id = fields.Many2one(
        "fusion.billing.service",
        readonly=True,
        index="btree_not_null",
        ondelete="cascade",
        check_company=True,
        fixed=True,
        help="Whose totals these are. Without one they are of the whole company.",
    )
    period_start = fields.Datetime("Start", required=True, readonly=True)
    period_end = fields.Datetime("End", required=True, readonly=True)
    period = fields.Char(compute="_compute_period")
    reference = fields.Char(
        readonly=True, help="Tells several reconciliations of the same period apart."
    )
    partial = fields.Boolean(
        "Only a Part", readonly=True, help="What the list leaves out is not told as missing there."
    )
    compared_at = fields.Datetime("Compared on", readonly=True)
    note = fields.Text("Notes")
    round = fields.Integer(readonly=True)
    told = fields.Char(readonly=True, help="What the app was told of the differences, as a digest.")
    row_ids = fields.One2many("fusion.billing.reconciliation.row", "reconciliation_id")
    open_row_ids = fields.One2many(
        "fusion.billing.reconciliation.row", "reconciliation_id", domain=[("is_open", "=", True)]
    )
    row_count = fields.Integer("Totals", compute="_compute_counts")
    matched_count = fields.Integer("Matched", compute="_compute_counts")
    different_count = fields.Integer("Different", compute="_compute_counts")
    missing_here_count = fields.Integer("Missing Here", compute="_compute_counts")
    missing_there_count = fields.Integer("Missing There", compute="_compute_counts")
    open_count = fields.Integer("To Explain", compute="_compute_counts")
    summary = fields.Char("Outcome", compute="_compute_summary")

    _one_unique = models.UniqueIndex(
        "(company_id, COALESCE(service_id, 0), period_start, period_end, COALESCE(reference, ''))",
        "There must be one reconciliation of a service, period and reference.",
    )
    _period_valid = models.Constraint(
        "CHECK(period_start < period_end)", "A period must end after it starts."
    )

    # === COMPUTE METHODS === #

    @api.depends("service_id", "period", "reference")
    def _compute_display_name(self):
        for one in self:
            whose = one.service_id.name or one.company_id.name
            one.display_name = ", ".join(filter(None, [whose, one.period, one.reference]))

    @api.depends("period_start", "period_end", "company_id")
    def _compute_period(self):
        for one in self:
            one.period = one.period_start and one._describe_period()

    def _describe_period(self):
        """Say the period by its days, or by its instants if it does not begin and end with one."""
        zones = self.company_id._fusion_zones()
        first, end = zones.date_of(self.period_start), zones.date_of(self.period_end)
        if (zones.midnight(first), zones.midnight(end)) == (self.period_start, self.period_end):
            return format_period(self.env, first, end)
        instants = (self.period_start, self.period_end)
        return " – ".join(format_datetime(self.env, instant, tz="UTC") for instant in instants)

    @api.depends("row_ids.result", "row_ids.is_open")
    def _compute_counts(self):
        counts = self.env["fusion.billing.reconciliation.row"]._count(self)
        for one in self:
            found = counts.get(one.id, {})
            one.open_count = found.pop("open", 0)
            one.row_count = sum(found.values())
            for result, _label in RESULTS:
                one[f"{result}_count"] = found.get(result, 0)

    @api.depends("row_count", "matched_count", "open_count")
    def _compute_summary(self):
        for one in self:
            wrong = one.row_count - one.matched_count
            one.summary = (
                self.env._(
                    "%(wrong)s of %(all)s totals do not match; %(open)s of these are to be"
                    " explained.",
                    wrong=wrong,
                    all=one.row_count,
                    open=one.open_count,
                )
                if wrong
                else self.env._("All %s totals match.", one.row_count)
            )

    # === CRUD METHODS === #

    def write(self, vals):
        # What is written of the rows in the form, they check themselves.
        changed = [
            name
            for name in vals.keys() - BY_STAFF
            if not all(one._says(name, vals[name]) for one in self)
        ]
        if changed and not self.env.su:
            raise UserError(
                self.env._(
                    "You cannot change what was compared: assign the difference, explain it, or"
                    " compare again."
                )
            )
        return super().write(vals)

    # === ACTIONS === #

    def action_compare(self):
        """Compare the same totals with what is counted and owed by now."""
        check_staff(self, "read")
        # sudo: rows are written by the comparison alone, whoever asks for it.
        for one in self.sudo():
            one._compare()

    def action_view_rows(self):
        """Show the rows, those to explain first."""
        self.ensure_one()
        check_staff(self, "read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "fusion_billing.fusion_billing_reconciliation_row_action"
        )
        wanted = self.env.context.get("fusion_result")
        filters = {f"search_default_{wanted}": 1} if wanted in (*MISMATCHES, "open") else {}
        return {**action, "domain": [("reconciliation_id", "=", self.id)], "context": filters}

from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..base.bounded import Exact
from ..base.engine import as_engine, is_engine
from ..base.staff import check_staff
from .reconciliation_wording import RowWording

RESULTS = [
    ("different", "Different"),
    ("missing_here", "Missing Here"),
    ("missing_there", "Missing There"),
    ("matched", "Matched"),
]
REASONS = [
    ("other_currency", "Other Currency"),
    ("other_periods", "Other Billing Periods"),
    ("not_rated", "Not Rated Yet"),
    ("usage_removed", "Old Usage Removed"),
]
BY_STAFF = {"user_id", "explanation"}
FIGURES = (
    "their_quantity",
    "our_quantity",
    "quantity_difference",
    "their_amount",
    "our_amount",
    "amount_difference",
)


class FusionBillingReconciliationRow(models.Model):
    """One total, of a subscription and a metric: theirs, ours and the difference.

    The comparison writes it; staff assign, explain and close what differs, and nothing else.
    """

    _name = "fusion.billing.reconciliation.row"
    _description = "Reconciled Total"
    _order = "is_open desc, id"

    reconciliation_id = fields.Many2one(
        "fusion.billing.reconciliation", required=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="reconciliation_id.company_id")
    service_id = fields.Many2one(related="reconciliation_id.service_id")
    round = fields.Integer(readonly=True)
    subscription_name = fields.Char("Subscription Named", required=True, readonly=True)
    subscription_id = fields.Many2one(
        "sale.order", readonly=True, index="btree_not_null", ondelete="cascade"
    )
    partner_id = fields.Many2one(related="subscription_id.partner_id", string="Customer")
    metric_code = fields.Char("Metric Named", required=True, readonly=True)
    metric_id = fields.Many2one("fusion.billing.metric", readonly=True, ondelete="cascade")
    # Empty where one side has nothing; numbers are exact (see `_read_figures`).
    their_quantity = Exact("Theirs", digits=(24, 6), readonly=True, aggregator=None)
    our_quantity = Exact("Ours", digits=(36, 12), readonly=True, aggregator=None)
    quantity_difference = Exact(
        "Difference", digits=(24, 6), readonly=True, aggregator=None, help="Ours less theirs."
    )
    currency_id = fields.Many2one("res.currency", readonly=True)
    their_amount = Exact("Their Amount", digits=(24, 6), readonly=True, aggregator=None)
    our_amount = Exact(
        digits=(24, 6),
        readonly=True,
        aggregator=None,
        help="What the ledger says is owed for the metric, in the subscription's currency.",
    )
    amount_difference = Exact(
        digits=(24, 6), readonly=True, aggregator=None, help="Ours less theirs."
    )
    result = fields.Selection(RESULTS, required=True, readonly=True)
    reason = fields.Selection(REASONS, "Not Comparable", readonly=True)
    summary = fields.Char("What Differs", compute="_compute_summary")
    is_open = fields.Boolean("To Explain", readonly=True)
    user_id = fields.Many2one(
        "res.users", "Assigned to", domain=[("share", "=", False)], index="btree_not_null"
    )
    explanation = fields.Char()
    closed_by_id = fields.Many2one("res.users", "Closed by", readonly=True)
    closed_at = fields.Datetime("Closed on", readonly=True)

    # A subscription and a metric that are known are one, whatever they are called.
    _total_unique = models.UniqueIndex(
        "(reconciliation_id, COALESCE(subscription_id, 0), COALESCE(metric_id, 0),"
        " (CASE WHEN subscription_id IS NULL THEN subscription_name ELSE '' END),"
        " (CASE WHEN metric_id IS NULL THEN metric_code ELSE '' END))",
        "There must be one total of a subscription and a metric.",
    )
    _page_idx = models.Index("(reconciliation_id, id)")
    _open_idx = models.Index("(reconciliation_id) WHERE is_open")

    # === COMPUTE METHODS === #

    @api.depends("subscription_name", "metric_code")
    def _compute_display_name(self):
        for row in self:
            row.display_name = f"{row.subscription_name} · {row.metric_code}"

    @api.depends("result", "reason", *FIGURES)
    def _compute_summary(self):
        figures = self._read_figures()
        for row in self:
            row.summary = row.id in figures and RowWording(row, figures[row.id]).sentence()

    def _read_figures(self):
        """Return the numbers exactly, None where there is none: `{id: {name: Decimal}}`."""
        self.flush_recordset(FIGURES)
        columns = SQL(", ").join(SQL("%s::text", SQL.identifier(name)) for name in FIGURES)
        rows = self.env.execute_query(
            SQL("SELECT id, %s FROM %s WHERE id = ANY(%s)", columns, self._table_sql, self.ids)
        )
        return {
            number: {
                name: None if text is None else Decimal(text)
                for name, text in zip(FIGURES, texts, strict=True)
            }
            for number, *texts in rows
        }

    @api.model
    def _count(self, reconciliations, domain=Domain.TRUE):
        """Return how many rows have each result, and are `open`: `{reconciliation id: {…}}`."""
        counts = {}
        wanted = domain & Domain("reconciliation_id", "in", reconciliations.ids)
        for one, result, is_open, number in self._read_group(
            wanted, ["reconciliation_id", "result", "is_open"], ["__count"]
        ):
            found = counts.setdefault(one.id, {})
            found[result] = found.get(result, 0) + number
            found["open"] = found.get("open", 0) + (number if is_open else 0)
        return counts

    # === CRUD METHODS === #

    def write(self, vals):
        if vals.keys() - BY_STAFF and not is_engine(self.env):
            raise UserError(
                self.env._(
                    "You cannot change what was compared: assign the difference, explain it, or"
                    " compare again."
                )
            )
        return super().write(vals)

    # === ACTIONS === #

    def action_close(self):
        """Be done with these differences, which are explained."""
        check_staff(self)
        rows = self.filtered("is_open")
        if not all(row.explanation and row.explanation.strip() for row in rows):
            raise UserError(
                self.env._("You cannot close a difference without an explanation: write it first.")
            )
        as_engine(rows).write(
            {"is_open": False, "closed_by_id": self.env.uid, "closed_at": fields.Datetime.now()}
        )

    def action_reopen(self):
        check_staff(self)
        as_engine(self.filtered("closed_at")).write(
            {"is_open": True, "closed_by_id": False, "closed_at": False}
        )

    def action_assign_to_me(self):
        check_staff(self)
        self.write({"user_id": self.env.uid})

    def action_view_usage(self):
        """Show the counters of the period behind our quantity."""
        self.ensure_one()
        check_staff(self, "read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "fusion_billing.fusion_billing_usage_action"
        )
        domain = [
            ("subscription_id", "=", self.subscription_id.id),
            ("metric_id", "=", self.metric_id.id),
            ("period_start", ">=", self.reconciliation_id.period_start),
            ("period_start", "<", self.reconciliation_id.period_end),
        ]
        return {**action, "domain": domain, "context": {}}

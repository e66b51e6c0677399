import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...core.money.due import due
from ..base.wording import format_period

_logger = logging.getLogger(__name__)

DAY = timedelta(days=1)


class FusionBillingRating(models.Model):
    """The ledger: everything that subscriptions owe, and why (L1).

    A row is what one charge or one item comes to in one stretch of days of a billing period. It
    is derived from timeline, catalogue and usage: computing it again gives the same row. Rating
    writes it, only where something changed; nobody else does. Every screen, the API and every
    document read it, so that they cannot show two different numbers.
    """

    _name = "fusion.billing.rating"
    _description = "Rating"
    _inherit = ["fusion.billing.exact.mixin", "fusion.billing.technical.mixin"]
    _order = "date_from desc, subscription_id, id"

    # What is owed for. The unique index begins with the subscription.
    subscription_id = fields.Many2one("sale.order", required=True, ondelete="restrict")
    partner_id = fields.Many2one(related="subscription_id.partner_id", string="Customer")
    company_id = fields.Many2one("res.company", required=True, index=True)
    charge_id = fields.Many2one("fusion.billing.charge", index=True, ondelete="restrict")
    item_id = fields.Many2one(
        "fusion.billing.item", "Recurring Fee", index="btree_not_null", ondelete="restrict"
    )
    version_id = fields.Many2one(
        "fusion.billing.charge.version", "Prices", index=True, ondelete="restrict"
    )
    plan_id = fields.Many2one("fusion.billing.plan", index=True, ondelete="restrict")
    metric_id = fields.Many2one("fusion.billing.metric", index=True, ondelete="restrict")
    product_id = fields.Many2one("product.product", compute="_compute_product_id")

    # When.
    date_from = fields.Date("From", required=True, help="First day that is rated.")
    date_until = fields.Date("Until", required=True, help="First day after those that are rated.")
    cycle_start = fields.Date(
        required=True, technical=True, help="First day of the billing period."
    )
    cycle_end = fields.Date(
        required=True, technical=True, help="First day after the billing period."
    )
    bill_on = fields.Date(required=True, help="The day from which it is on a document.")
    starts_at = fields.Datetime(technical=True, help="First instant whose counters count.")
    ends_at = fields.Datetime(
        technical=True, help="First instant whose counters do not count any more."
    )
    full_seconds = fields.Float(
        digits=(16, 0),
        technical=True,
        help="How long the full billing period lasts: a level that is weighted by time counts once"
        " if it holds for that long.",
    )
    share = fields.Char(
        required=True,
        default="1",
        technical=True,
        help="Which part of a full billing period this is.",
    )

    # How much, and why.
    usage_filter = fields.Json(
        "Filter", technical=True, help="Only usage that matches is rated here."
    )
    other_filters = fields.Json(technical=True, help="Usage that matches one is rated elsewhere.")
    quantity = fields.Float("Used", digits=(24, 6))
    included_quantity = fields.Float("Included", digits=(24, 6))
    billable_quantity = fields.Float("Billable", digits=(24, 6))
    charge_currency_id = fields.Many2one("res.currency", required=True, technical=True)
    amount_exact = fields.Float(
        "Exact Amount",
        digits=(32, 12),
        aggregator=None,
        help="In the charge's currency, before rounding.",
    )
    currency_rate = fields.Float(
        digits=(32, 12),
        technical=True,
        help="From the charge's currency to the subscription's, on the last day.",
    )
    currency_id = fields.Many2one("res.currency", required=True)
    amount = fields.Monetary("Owed", help="In the subscription's currency, rounded once.")
    breakdown = fields.Json(technical=True)
    rated_at = fields.Datetime("Rated on")

    # What of it is settled.
    settled = fields.Monetary(
        readonly=True, help="What documents that are not cancelled settle, drafts included."
    )
    waived = fields.Monetary(readonly=True, help="What staff decided not to bill.")
    waive_reason = fields.Char(readonly=True)
    due = fields.Monetary(
        compute="_compute_due",
        search="_search_due",
        help="Owed and on no document. Negative: documents settle more than is owed.",
    )

    _source_unique = models.UniqueIndex(
        "(subscription_id, COALESCE(charge_id, 0), COALESCE(item_id, 0), date_from)",
        "A charge or fee must be owed once for each stretch of days.",
    )
    _due_idx = models.Index("(subscription_id, bill_on) WHERE amount - settled - waived <> 0")
    _source_one = models.Constraint(
        "CHECK((charge_id IS NULL) != (item_id IS NULL))",
        "What is owed must come from a charge or from a recurring fee.",
    )
    _period_valid = models.Constraint(
        "CHECK(date_from < date_until)", "A billing period must end after it starts."
    )
    _usage_not_negative = models.Constraint(
        "CHECK(quantity >= 0 AND included_quantity >= 0 AND billable_quantity >= 0"
        " AND (charge_id IS NULL OR amount >= 0) AND abs(amount) < 'Infinity')",
        "Quantities and amounts of usage must not be negative.",
    )

    # === COMPUTE METHODS === #

    @api.depends("metric_id", "item_id", "date_from", "date_until")
    def _compute_display_name(self):
        for rating in self:
            subject = rating.metric_id.name or rating.item_id.product_id.name
            period = format_period(self.env, rating.date_from, rating.date_until)
            rating.display_name = f"{subject}, {period}"

    @api.depends("charge_id.product_id", "item_id.product_id")
    def _compute_product_id(self):
        for rating in self:
            rating.product_id = rating.charge_id.product_id or rating.item_id.product_id

    @api.depends("amount", "settled", "waived")
    def _compute_due(self):
        exact = self._read_exact(["amount", "settled", "waived"])
        for rating in self:
            row = exact.get(rating.id)
            rating.due = float(due(row["amount"], row["settled"], row["waived"])) if row else 0

    def _search_due(self, operator, value):
        if operator not in ("=", "!=", "<", ">", "<=", ">="):
            return NotImplemented
        return Domain.custom(
            to_sql=lambda model, alias, query: SQL(
                "%s %s %s", model._field_to_sql(alias, "due", query), SQL(operator), value or 0
            )
        )

    def _field_to_sql(self, alias, field_expr, query=None):
        """Let the database search by what is due, and add it up."""
        if field_expr != "due":
            return super()._field_to_sql(alias, field_expr, query)
        names = ("amount", "settled", "waived")
        columns = {
            name: super(FusionBillingRating, self)._field_to_sql(alias, name) for name in names
        }
        return SQL(DUE_AMOUNT, **columns)

    # === HOOKS === #

    @api.model
    def _rated(self, subscriptions):
        """What these subscriptions owe may have changed: later aspects follow and tell it."""

    @api.model
    def _show(self, subscriptions):
        """Orders are to say what the ledger says: a later aspect knows how."""

    # === BUSINESS METHODS === #

    def _is_usage(self):
        self.ensure_one()
        return bool(self.charge_id)


# What `core.money.due` says; what it says of most rows, nothing, is found in the index.
DUE_AMOUNT = """
CASE WHEN %(waived)s = 0 THEN %(amount)s - %(settled)s
     WHEN sign(%(amount)s - %(settled)s) = sign(%(waived)s)
     THEN sign(%(waived)s)
          * GREATEST(abs(%(amount)s - %(settled)s) - abs(%(waived)s), 0)
     ELSE %(amount)s - %(settled)s END
"""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import frozendict, ormcache


class FusionBillingMetric(models.Model):
    """What is counted, and how the counters of a billing period combine into one quantity."""

    _name = "fusion.billing.metric"
    _description = "Billing Metric"
    _inherit = ["fusion.billing.owned.mixin", "fusion.billing.coded.mixin"]
    _order = "name, id"
    _code_separator = "_"

    name = fields.Char(
        required=True, translate=True, help="As it reads on an invoice: API calls, GB stored."
    )
    code = fields.Char(
        compute="_compute_code",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        copy=False,
        help="How apps name this metric in the API.",
    )
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company, fixed=True
    )
    aggregation = fields.Selection(
        [
            ("sum", "Sum"),
            ("max", "Maximum"),
            ("last", "Last value"),
            ("unique_count", "Unique values"),
            ("count", "Number of counters"),
            ("average", "Average"),
            ("weighted", "Weighted by time"),
        ],
        required=True,
        default="sum",
        help="Sum: every counter adds up.\n"
        "Maximum: the highest counter of the period counts.\n"
        "Last value: the counter with the latest start counts.\n"
        "Unique values: every distinct value counts once.\n"
        "Number of counters: how many counters were pushed.\n"
        "Average: the mean of the period's counters.\n"
        "Weighted by time: a level (seats, GB stored) that holds until the next counter, and"
        " counts for the share of the period in which it held.",
    )
    description = fields.Text()

    _code_unique = models.Constraint(
        "UNIQUE(company_id, code)",
        "You cannot use this code again: the company has a metric with it. Choose another code.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        metrics = super().create(vals_list)
        self.env.registry.clear_cache()
        return metrics

    def write(self, vals):
        self._check_meaning_kept(vals)
        result = super().write(vals)
        self.env.registry.clear_cache()
        return result

    def unlink(self):
        result = super().unlink()
        self.env.registry.clear_cache()
        return result

    @api.model
    @ormcache("company_id")
    def _ids_by_code(self, company_id):
        """Return the ids of a company's metrics by code; ingest asks for them all the time."""
        # sudo: what a metric's code is, is the same for all.
        metrics = self.sudo().search_fetch([("company_id", "=", company_id)], ["code"])
        return frozendict((metric.code, metric.id) for metric in metrics)

    def _check_meaning_kept(self, vals):
        """Refuse another aggregation for usage that has been rated."""
        changed = self.filtered(
            lambda metric: metric.aggregation != vals.get("aggregation", metric.aggregation)
        )
        # sudo: what is rated counts, whoever looks.
        ratings = self.env["fusion.billing.rating"].sudo()
        if changed and ratings.search_count([("metric_id", "in", changed.ids)], limit=1):
            raise UserError(
                self.env._(
                    "You cannot change the aggregation of this metric: its usage has been rated."
                    " Add a new metric."
                )
            )

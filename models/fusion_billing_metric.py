from odoo import fields, models


class FusionBillingMetric(models.Model):
    """What is counted, and how the counters of a billing period combine into one quantity."""

    _name = "fusion.billing.metric"
    _description = "Billing Metric"
    _order = "name, id"

    name = fields.Char(
        required=True, translate=True, help="As it reads on an invoice: API calls, GB stored.",
    )
    code = fields.Char(required=True, copy=False, help="How apps name this metric in the API.")
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company,
    )
    aggregation = fields.Selection(
        [
            ("sum", "Sum"),
            ("max", "Maximum"),
            ("last", "Last value"),
            ("unique_count", "Unique values"),
        ],
        required=True, default="sum",
        help="Sum: every counter adds up.\n"
             "Maximum: the highest counter of the period counts.\n"
             "Last value: the counter with the latest start counts.\n"
             "Unique values: every distinct value counts once.",
    )
    description = fields.Text()

    _code_unique = models.Constraint(
        "UNIQUE(company_id, code)",
        "This company has a metric with this code already: choose another code.",
    )

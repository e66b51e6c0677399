from odoo import api, fields, models
from odoo.tools import format_date


class FusionBillingCharge(models.Model):
    """How a charge reads to people who set prices."""

    _inherit = "fusion.billing.charge"

    price_change_note = fields.Char(
        "Changes",
        compute="_compute_price_change_note",
        help="From when on a change of these prices holds.",
    )
    waiting_prices = fields.Text(
        "Planned Prices",
        compute="_compute_waiting_prices",
        help="Prices that wait for a later day; changes of today's prices do not touch them.",
    )
    filter_summary = fields.Char(
        "Only Where",
        compute="_compute_filter_summary",
        help="The usage that this charge prices; all of its metric if empty.",
    )

    @api.depends("version_id", "version_ids.valid_from")
    @api.depends_context("lang")
    def _compute_price_change_note(self):
        for charge in self:
            known = charge._origin
            charge.price_change_note = known._describe_price_change() if known else False

    def _describe_price_change(self):
        version, today = self.version_id, self.company_id._fusion_today()
        if not version._is_rated():
            return False
        if version.valid_from and version.valid_from >= today:
            return self.env._(
                "Changes of prices hold from %s, when these prices begin.",
                format_date(self.env, version.valid_from),
            )
        if not version.valid_from:
            return self.env._("Changes of prices hold from today; these stay for the days before.")
        return self.env._(
            "Changes of prices hold from today; these, in force since %s, stay for the days"
            " before.",
            format_date(self.env, version.valid_from),
        )

    @api.depends("version_ids.valid_from")
    @api.depends_context("lang")
    def _compute_waiting_prices(self):
        for charge in self:
            charge.waiting_prices = "\n".join(
                self.env._(
                    "From %(day)s: %(price)s",
                    day=format_date(self.env, version.valid_from),
                    price=version.terms_in_words,
                )
                for version in charge._origin._waiting_versions()
            )

    def _waiting_versions(self):
        """Return the prices that wait for a later day, the next ones first."""
        today = self.company_id._fusion_today() if self else None
        return self.version_ids.filtered(
            lambda version: version.valid_from and version.valid_from > today
        ).sorted("valid_from")

    @api.depends("filter_ids.dimension", "filter_ids.dimension_values")
    @api.depends_context("lang")
    def _compute_filter_summary(self):
        for charge in self:
            charge.filter_summary = ", ".join(
                f"{rule.dimension} = {' / '.join(rule._values())}" for rule in charge.filter_ids
            )

    def _usage_name(self):
        """Return how what this charge prices is called: `API calls region = eu`."""
        self.ensure_one()
        return " ".join(filter(None, (self.metric_id.name, self.filter_summary)))

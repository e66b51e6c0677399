import json

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ...core.money.periods import Period


class FusionBillingCharge(models.Model):
    """On one plan, for one metric: what is included and what the rest costs.

    What it costs stands in its versions (`fusion.billing.charge.version`); the charge shows, and
    by delegation is, its newest one.
    """

    _name = "fusion.billing.charge"
    _description = "Billing Charge"
    _inherits = {"fusion.billing.charge.version": "version_id"}
    _order = "plan_id, sequence, id"
    _check_company_auto = True

    plan_id = fields.Many2one(
        "fusion.billing.plan", index=True, ondelete="restrict", check_company=True,
        help="A charge without plan rates nothing.",
    )
    plan_code = fields.Char(related="plan_id.code", store=True, index="btree_not_null")
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", compute="_compute_company_id", store=True, readonly=False,
        required=True, precompute=True, index=True,
    )
    metric_id = fields.Many2one(
        "fusion.billing.metric", required=True, index=True, ondelete="restrict",
        check_company=True,
    )
    product_id = fields.Many2one(
        "product.product", required=True, index=True, ondelete="restrict", check_company=True,
        help="The product on the invoice line: it decides the taxes and the income account.",
    )
    currency_id = fields.Many2one(
        "res.currency", required=True, default=lambda self: self.env.company.currency_id,
    )

    version_id = fields.Many2one(
        "fusion.billing.charge.version", required=True, ondelete="restrict", copy=False,
        index=True, string="Newest Prices",
    )
    version_ids = fields.One2many(
        "fusion.billing.charge.version", "charge_id", "Price History", copy=False,
    )
    split_at_version = fields.Boolean(
        "Split Periods at Price Changes",
        help="New prices take effect on their day, inside a period. Otherwise a period is rated at"
             " the prices of its first day.",
    )
    prorate = fields.Boolean(
        "Prorate Incomplete Periods",
        help="In a part of a billing period, the quota, the minimum and the maximum are reduced to"
             " its share of the days.",
    )
    filter_ids = fields.One2many(
        "fusion.billing.charge.filter", "charge_id", "Filters", copy=True,
        help="Price only usage whose dimensions match. A charge without filter prices what no"
             " other charge of its metric takes.",
    )
    threshold_ids = fields.One2many("fusion.billing.threshold", "charge_id", "Thresholds")
    filter_key = fields.Char(
        compute="_compute_filter_key", store=True, precompute=True,
        help="The filter in a form that can be compared: JSON, sorted.",
    )

    # One charge would bill the same usage twice if two people could add it at once
    # (lago-api#5549, #6035), so the database refuses the second.
    _plan_metric_unique = models.UniqueIndex(
        "(plan_id, metric_id, currency_id, filter_key) WHERE active AND plan_id IS NOT NULL",
        "This plan charges this usage in this currency already: change that charge instead.",
    )

    @api.depends("plan_id")
    def _compute_company_id(self):
        for charge in self:
            charge.company_id = charge.plan_id.company_id or charge.company_id or self.env.company

    @api.depends("filter_ids.dimension", "filter_ids.dimension_values")
    def _compute_filter_key(self):
        for charge in self:
            rules = {rule.dimension: rule._values() for rule in charge.filter_ids}
            charge.filter_key = json.dumps(rules, sort_keys=True, ensure_ascii=False)

    @api.depends("metric_id", "plan_id")
    def _compute_display_name(self):
        for charge in self:
            names = (charge.plan_id.name, charge.metric_id.name)
            charge.display_name = " / ".join(filter(None, names))

    @api.constrains("filter_key", "plan_id", "metric_id", "currency_id", "active")
    def _check_filters_disjoint(self):
        """Refuse filters that could take the same usage: it would be billed twice."""
        for charge in self.filtered(lambda charge: charge.active and charge.plan_id):
            for other in charge._rivals():
                if charge._overlaps(other):
                    raise ValidationError(self.env._(
                        "The filters of these charges overlap, so that usage could be billed"
                        " twice: %(first)s %(first_filter)s and %(second)s %(second_filter)s.",
                        first=charge.display_name, first_filter=charge.filter_key,
                        second=other.display_name, second_filter=other.filter_key,
                    ))

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        self.flush_model()  # a charge archived in the same save makes room for the next one
        charges = super().create(vals_list)
        for charge in charges:
            charge.version_id.charge_id = charge
        charges._request_rating()
        return charges

    def write(self, vals):
        self._check_identity_kept(vals.keys())
        terms = {name: vals[name] for name in vals.keys() & self.version_id._term_fields()}
        if terms:
            self._start_version()
            # All at once: delegation would write them one by one, and a model without its tiers
            # is refused.
            self.version_id.write(terms)
        plans = self.plan_id
        result = super().write({name: vals[name] for name in vals if name not in terms})
        (plans | self.plan_id)._request_rating()
        return result

    def _check_identity_kept(self, names):
        """Refuse to turn a charge that has a ledger into another one, by writing these fields."""
        if names & {"plan_id", "metric_id", "currency_id", "filter_ids"} and self._ratings():
            raise UserError(self.env._(
                "Usage has been rated with this charge: its plan, metric, currency and filters"
                " stay. Archive it and add a new charge."
            ))

    def _start_version(self):
        """Before prices are changed, give those that are billed already a successor from today."""
        for charge in self.filtered(lambda charge: charge.version_id._is_billed()):
            charge.version_id.copy({
                "charge_id": charge.id,
                "valid_from": max(charge._billed_until(), charge.company_id._fusion_today()),
            })

    def _point_to_newest_version(self, leaving=()):
        """Show the newest prices.

        :param leaving: versions that are about to be deleted
        :raise UserError: none would be left
        """
        for charge in self:
            newest = charge.version_ids.sorted().filtered(
                lambda version: version not in leaving)[:1]
            if not newest:
                raise UserError(self.env._(
                    "%s needs prices: archive the charge instead.", charge.display_name,
                ))
            if newest != charge.version_id:
                charge.version_id = newest

    def copy_data(self, default=None):
        # By delegation the new charge gets a version of its own, without a past.
        return [dict(vals, valid_from=False) for vals in super().copy_data(default)]

    # === BUSINESS METHODS === #

    def _ratings(self):
        # sudo: what is rated counts, whoever looks.
        return self.env["fusion.billing.rating"].sudo().search(
            [("charge_id", "in", self.ids)], limit=1,
        )

    def _billed_until(self):
        """Return the first day that no billed period of this charge contains, or False."""
        self.ensure_one()
        # sudo: what is billed counts, whoever looks.
        [[until]] = self.env["fusion.billing.rating"].sudo()._read_group(
            [("charge_id", "=", self.id), ("closed", "=", True)], [], ["period_end:max"],
        )
        return until

    def _request_rating(self):
        self.plan_id._request_rating()

    def _version_at(self, day):
        """Return the version in force on a day; none before the first one starts."""
        self.ensure_one()
        return self.version_ids.sorted().filtered(
            lambda version: not version.valid_from or version.valid_from <= day
        )[:1]

    def _parts(self, period):
        """Cut a billing period where this charge's prices change, if it wants that.

        :return: pairs of (version, Period), in order
        """
        self.ensure_one()
        cuts = [
            version.valid_from for version in self.version_ids
            if self.split_at_version and version.valid_from
            and period.start < version.valid_from < period.end
        ]
        bounds = [period.start, *sorted(cuts), period.end]
        parts = map(Period, bounds, bounds[1:])
        return [
            (version, part) for part in parts for version in self._version_at(part.start)
        ]

    # === FILTERS === #

    def _filter(self):
        """Return what usage must match: `{dimension: [values]}`."""
        self.ensure_one()
        return json.loads(self.filter_key or "{}")

    def _filters_beside(self, charge):
        """Return the filters of those of these charges that take usage before this one."""
        return [
            other._filter() for other in self - charge
            if other.metric_id == charge.metric_id and other._filter()
        ]

    def _rivals(self):
        """Return the other charges that could take the same usage."""
        self.ensure_one()
        return (self.plan_id.charge_ids - self).filtered(
            lambda other: other.metric_id == self.metric_id
            and other.currency_id == self.currency_id
        )

    def _overlaps(self, other):
        """Whether some usage could match the filters of both charges.

        A charge without filter takes only what the others leave, so it overlaps with its like.
        """
        own, others = self._filter(), other._filter()
        if not own or not others:
            return own == others
        return all(set(own[name]) & set(others[name]) for name in own.keys() & others.keys())

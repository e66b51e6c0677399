import json
from datetime import date

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command

from ...core.money.owed import Charge, Version
from ..base.bounded import Day, Whole
from ..base.engine import ENGINE, is_engine
from .charge_filter import as_new
from .charge_tier import on_copies


class FusionBillingCharge(models.Model):
    """On one plan, for one metric: what is included and what the rest costs.

    What it costs stands in its versions (`fusion.billing.charge.version`); the charge shows, and
    by delegation is, its newest one.
    """

    _name = "fusion.billing.charge"
    _description = "Billing Charge"
    _inherit = ["fusion.billing.owned.mixin", "fusion.billing.price.mixin"]
    _inherits = {"fusion.billing.charge.version": "version_id"}
    _order = "plan_id, sequence, id"
    _check_company_auto = True

    plan_id = fields.Many2one(
        "fusion.billing.plan",
        index=True,
        ondelete="restrict",
        check_company=True,
        help="A charge without plan rates nothing.",
    )
    plan_code = fields.Char(related="plan_id.code", store=True, index="btree_not_null")
    sequence = Whole(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        compute="_compute_company_id",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
        index=True,
        fixed=True,
    )
    metric_id = fields.Many2one(
        "fusion.billing.metric", required=True, index=True, ondelete="restrict", check_company=True
    )
    product_id = fields.Many2one(
        "product.product",
        required=True,
        index=True,
        ondelete="restrict",
        check_company=True,
        help="The product on the invoice line: it decides the taxes and the income account.",
    )
    currency_id = fields.Many2one(
        "res.currency", required=True, default=lambda self: self.env.company.currency_id
    )

    valid_from = Day(
        "Rates From",
        copy=False,
        help="First day whose usage is charged. A charge that is added to a plan in use begins"
        " today unless another day is chosen. Empty: always.",
    )
    valid_until = Day(
        "Rates Until",
        copy=False,
        help="First day whose usage is not charged any more: archiving sets it to today.",
    )
    version_id = fields.Many2one(
        "fusion.billing.charge.version",
        required=True,
        ondelete="restrict",
        copy=False,
        index=True,
        string="Prices in Force",
        fixed=True,
    )
    version_ids = fields.One2many(
        "fusion.billing.charge.version", "charge_id", "Price History", copy=False
    )
    split_at_version = fields.Boolean(
        "Split Periods at Price Changes",
        help="New prices hold from their day, inside a billing period. Otherwise a period is rated"
        " at the prices of its first day.",
    )
    prorate = fields.Boolean(
        "Prorate Incomplete Periods",
        default=True,
        help="In an incomplete billing period, the quota, the minimum, the maximum and flat"
        " amounts are reduced to its share of the days. Otherwise the first and the last"
        " period count as whole ones.",
    )
    filter_ids = fields.One2many(
        "fusion.billing.charge.filter",
        "charge_id",
        "Filters",
        copy=True,
        help="Price only usage whose dimensions match. A charge without filter prices what no"
        " other charge of its metric takes.",
    )
    threshold_ids = fields.One2many("fusion.billing.threshold", "charge_id", "Thresholds")
    filter_key = fields.Char(
        compute="_compute_filter_key",
        store=True,
        precompute=True,
        help="The filter in a form that can be compared: JSON, sorted.",
    )

    # One charge would bill the same usage twice if two people could add it at once
    # (lago-api#5549, #6035), so the database refuses the second.
    _validity_valid = models.Constraint(
        "CHECK(valid_until >= valid_from)", "A charge must begin before it ends."
    )
    _plan_metric_unique = models.UniqueIndex(
        "(plan_id, metric_id, currency_id, filter_key) WHERE active AND plan_id IS NOT NULL",
        "You cannot charge this usage in this currency twice: change the charge that the plan has.",
    )

    @api.depends("plan_id")
    def _compute_company_id(self):
        for charge in self:
            charge.company_id = (
                charge._origin.company_id
                or charge.plan_id.company_id
                or charge.company_id
                or self.env.company
            )

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

    @api.constrains(
        "filter_key", "plan_id", "metric_id", "currency_id", "active", "valid_from", "valid_until"
    )
    def _check_filters_disjoint(self):
        """Refuse filters that could take the same usage: it would be billed twice."""
        for charge in self.filtered(lambda charge: charge.plan_id and charge._rates()):
            for other in charge._rivals():
                if charge._overlaps(other):
                    raise ValidationError(
                        self.env._(
                            "You cannot let filters of charges overlap, since usage could be billed"
                            " twice: %(first)s %(first_filter)s and %(second)s %(second_filter)s.",
                            first=charge.display_name,
                            first_filter=charge.filter_key,
                            second=other.display_name,
                            second_filter=other.filter_key,
                        )
                    )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        self.flush_model()  # a charge archived in the same save makes room for the next one
        vals_list = [self._begin_today(vals) for vals in vals_list]
        charges = super(FusionBillingCharge, as_new(self)).create(vals_list).with_env(self.env)
        for charge in charges:
            charge.version_id.charge_id = charge
        charges._request_rating()
        return charges

    def _begin_today(self, vals):
        """Let a charge that is added to a plan in use rate from today on (T2)."""
        plan = self.env["fusion.billing.plan"].browse(vals.get("plan_id"))
        if vals.get("valid_from") or not plan._is_in_use():
            return vals
        return {**vals, "valid_from": plan.company_id._fusion_today()}

    def write(self, vals):
        self._hold()
        self._check_identity_kept(vals.keys())
        terms = {name: vals[name] for name in vals.keys() & self.version_id._term_fields()}
        if terms:
            self._write_prices(terms)
        plans = self.plan_id
        vals = {name: vals[name] for name in vals if name not in terms}
        if "tier_ids" in terms and "version_ids" in vals:
            vals["version_ids"] = self._without_tiers(vals["version_ids"])
        if "active" in vals:
            self._begin_or_end(vals["active"])
        if vals.get("plan_id"):
            vals = self._begin_today(vals)
        result = super().write(vals)
        (plans | self.plan_id)._request_rating()
        return result

    def _without_tiers(self, commands):
        """Leave out of the price history what the table of tiers says: the form says it twice."""
        return [
            Command.update(command[1], {k: v for k, v in command[2].items() if k != "tier_ids"})
            if command[0] == Command.UPDATE
            else command
            for command in commands
        ]

    def _write_prices(self, terms):
        """Change what these charges cost: from today on once something was rated with it.

        Prices that wait for a later day are not touched.
        """
        self._point_to_prices_in_force()
        for charge in self:
            copies = charge._start_version()
            # All at once: delegation would write the terms one by one, and a model without its
            # tiers is refused.
            charge.version_id.with_context(fusion_engine=ENGINE).write(
                {**terms, "tier_ids": on_copies(terms.get("tier_ids") or [], copies)}
            )

    def _begin_or_end(self, active):
        """Let charges that are archived rate usage until today, and not lose the days before."""
        for charge in self:
            today = charge.company_id._fusion_today()
            if active and charge.valid_until and charge.valid_until < today:
                raise UserError(
                    self.env._(
                        "You cannot restore %(charge)s: it charges usage until %(day)s. Add a new"
                        " charge instead.",
                        charge=charge.display_name,
                        day=charge.valid_until,
                    )
                )
            if active and not charge._rates() and charge.plan_id._is_in_use():
                charge.valid_from = max(today, charge.valid_from or today)
            elif active:
                charge.valid_until = False
            elif charge.active and charge.plan_id._is_in_use():
                charge.valid_until = max(today, charge.valid_from or today)

    def _check_identity_kept(self, names):
        """Refuse to turn a charge that has a ledger into another one, by writing these fields."""
        fixed = {"plan_id", "metric_id", "currency_id", "filter_ids", "prorate", "split_at_version"}
        if names & fixed and self._is_rated():
            raise UserError(
                self.env._(
                    "You cannot change the plan, metric, currency, filters or proration of a charge"
                    " that has rated usage: archive it and add a new charge."
                )
            )

    def _start_version(self):
        """Before prices are changed, give those that rated usage already a successor from today.

        What is billed for today stays as it is: prices begin when that ends, then. Prices that
        began on that day are changed in place.

        :return: `{tier id: id of its copy}`
        """
        self.ensure_one()
        version, today = self.version_id, self.company_id._fusion_today()
        if not version._is_rated():
            return {}
        day = max(today, self._billed_until() or today)
        started = self.version_ids.filtered(lambda other: other.valid_from == day)
        if started:
            self._show_prices(started)
            return {}
        copy = version.copy({"charge_id": self.id, "valid_from": day})
        self._show_prices(copy)
        return dict(zip(version.tier_ids.sorted().ids, copy.tier_ids.sorted().ids, strict=True))

    @api.model
    def _refresh_prices_of(self, companies):
        """Show for charges whose prices change the ones that are in force today."""
        self.env["fusion.billing.charge.version"].search(
            [("valid_from", "!=", False), ("charge_id.company_id", "in", companies.ids)]
        ).charge_id._point_to_prices_in_force()

    def _point_to_prices_in_force(self, leaving=()):
        """Show the prices of today, or the first ones of a charge that is to come.

        :param leaving: versions that are about to be deleted
        :raise UserError: none would be left
        """
        for charge in self:
            versions = charge.version_ids.filtered(lambda version: version not in leaving)
            if not versions:
                raise UserError(
                    self.env._(
                        "You cannot delete the only prices of %s: archive the charge instead.",
                        charge.display_name,
                    )
                )
            today = charge.company_id._fusion_today()
            shown = versions._on(today) or versions.sorted()[-1:]
            if shown != charge.version_id:
                charge._show_prices(shown)

    def _show_prices(self, version):
        self.with_context(fusion_engine=ENGINE).version_id = version

    def _check_fixed(self, vals):
        # Which prices are in force is the engine's to say: it writes nothing else here.
        if not is_engine(self.env):
            super()._check_fixed(vals)

    # === HOOKS: THE LEDGER ANSWERS === #

    def _hold(self):
        """Before these charges are changed: nobody bills at their prices until that is done."""

    def _is_rated(self):
        """Whether one of these charges has rated usage."""
        return False

    def _billed_until(self):
        """Return the first day that no billed stretch of this charge contains, or False."""
        return False

    # === BUSINESS METHODS === #

    def _request_rating(self):
        self.plan_id._request_rating()

    def _version_at(self, day):
        """Return the version in force on a day; none on days on which the charge rates nothing."""
        self.ensure_one()
        rates = (self.valid_from or date.min) <= day < (self.valid_until or date.max)
        return self.version_ids._on(day) if rates else self.version_ids.browse()

    def _terms(self):
        """Return what `core.money.owed` must know of these charges: `{id: Charge}`."""
        versions = self.version_ids
        terms = versions._terms()
        return {
            charge.id: Charge(
                id=charge.id,
                metric=charge.metric_id.id,
                aggregation=charge.metric_id.aggregation,
                versions=tuple(
                    Version(version.id, version.valid_from or None, terms[version.id])
                    for version in charge.version_ids.sorted(reverse=True)
                ),
                valid_from=charge.valid_from or None,
                valid_until=charge.valid_until or None,
                prorate=charge.prorate,
                split=charge.split_at_version,
                usage_filter=charge._filter() or None,
            )
            for charge in self
        }

    # === FILTERS === #

    def _filter(self):
        """Return what usage must match: `{dimension: [values]}`."""
        self.ensure_one()
        return json.loads(self.filter_key or "{}")

    def _rivals(self):
        """Return the other charges that could take the same usage on the same days."""
        self.ensure_one()
        return (self.plan_id.with_context(active_test=False).charge_ids - self).filtered(
            lambda other: (
                other.metric_id == self.metric_id
                and other.currency_id == self.currency_id
                and other._rates()
                and (self.valid_from or date.min) < (other.valid_until or date.max)
                and (other.valid_from or date.min) < (self.valid_until or date.max)
            )
        )

    def _rates(self):
        """Whether this charge rates usage, or did so before it was archived."""
        self.ensure_one()
        return bool(self.active or self.valid_until)

    def _overlaps(self, other):
        """Whether some usage could match the filters of both charges.

        A charge without filter takes only what the others leave, so it overlaps with its like.
        """
        own, others = self._filter(), other._filter()
        if not own or not others:
            return own == others
        return all(set(own[name]) & set(others[name]) for name in own.keys() & others.keys())

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ...core.money.pricing import price
from ..base.bounded import Day, Exact
from ..base.engine import is_engine
from .charge_tier import as_table, named

# What usage costs.
TERMS = (
    "charge_model",
    "included_quota",
    "price_per_unit",
    "unit_batch",
    "rate",
    "fixed_amount",
    "minimum_amount",
    "maximum_amount",
    "flat_fee_at_zero",
    "tier_ids",
)


class FusionBillingChargeVersion(models.Model):
    """What a charge costs from a date on.

    A charge's prices are never overwritten once a period was billed with them: a change is a new
    version, and the ledger names the version it used, so that old invoices stay explained.
    """

    _name = "fusion.billing.charge.version"
    _description = "Charge Price Version"
    _inherit = [
        "fusion.billing.owned.mixin",
        "fusion.billing.exact.mixin",
        "fusion.billing.price.mixin",
    ]
    _order = "charge_id, valid_from desc nulls last, id desc"

    # Set right after creation: a charge creates its first version before itself (`_inherits`).
    charge_id = fields.Many2one(
        "fusion.billing.charge", index=True, ondelete="cascade", copy=False, fixed=True
    )
    metric_id = fields.Many2one(related="charge_id.metric_id")
    currency_id = fields.Many2one(related="charge_id.currency_id")
    valid_from = Day(
        help="Periods that begin on this day or later are rated at these prices. Empty: always."
    )
    charge_model = fields.Selection(
        [
            ("standard", "Standard"),
            ("package", "Package"),
            ("graduated", "Graduated"),
            ("volume", "Volume"),
            ("stairstep", "Stairstep"),
            ("percentage", "Percentage"),
            ("graduated_percentage", "Graduated percentage"),
        ],
        required=True,
        default="standard",
        help="Standard: pro rata, quantity / batch × price.\n"
        "Package: whole batches, rounded up.\n"
        "Graduated: each unit at the price of its own tier.\n"
        "Volume: all units at the price of the tier reached.\n"
        "Stairstep: the flat amount of the tier reached.\n"
        "Percentage: a rate on an amount of money, plus a fixed fee.\n"
        "Graduated percentage: each tier's rate on the money in that tier.",
    )
    included_quota = Exact(digits=(24, 6), help="Units that are free in each billing period.")
    price_per_unit = Exact("Price per Batch", digits=(22, 10), help="Price of one batch of units.")
    unit_batch = Exact(
        "Batch",
        digits=(24, 6),
        required=True,
        default=1,
        help="How many units the price is for: 1000 makes it a price per thousand.",
    )
    rate = Exact("Rate (%)", digits=(22, 10), help="2.9 means 2.9 % of the amount used.")
    fixed_amount = Exact(
        "Fixed Fee", digits=(22, 10), help="Due once per period when something is billable."
    )
    minimum_amount = Exact(
        "Minimum",
        digits=(22, 10),
        help="Each billing period costs at least this amount. 0: no minimum.",
    )
    maximum_amount = Exact(
        "Maximum",
        digits=(22, 10),
        help="Each billing period costs at most this amount. 0: no maximum.",
    )
    flat_fee_at_zero = fields.Boolean(
        "Flat Fee at Zero Usage",
        help="The first tier's flat amount, or the fixed fee, is due even without usage.",
    )
    tier_ids = fields.One2many("fusion.billing.charge.tier", "version_id", copy=True)

    _valid_from_unique = models.UniqueIndex(
        "(charge_id, COALESCE(valid_from, '-infinity'::date)) WHERE charge_id IS NOT NULL",
        "You cannot add prices from that day twice: change those that the charge has.",
    )
    _amounts_not_negative = models.Constraint(
        "CHECK(included_quota >= 0 AND price_per_unit >= 0 AND rate >= 0 AND fixed_amount >= 0"
        " AND minimum_amount >= 0 AND maximum_amount >= 0)",
        "Prices and included quotas must not be negative.",
    )
    _unit_batch_positive = models.Constraint(
        "CHECK(unit_batch > 0)", "A batch must hold more than zero units."
    )

    @api.depends("charge_id", "valid_from")
    def _compute_display_name(self):
        for version in self:
            since = version.valid_from and self.env._("from %s", version.valid_from)
            version.display_name = " ".join(filter(None, (version.charge_id.display_name, since)))

    # === CONSTRAINTS === #

    @api.constrains(*TERMS)
    def _check_tiers(self):
        """Refuse terms that `core.money.pricing` cannot price, in its own words.

        A charge that is made has no name yet when its prices are checked.
        """
        for version in self:
            try:
                version._price(0)
            except ValueError as error:
                name = version.charge_id.display_name
                raise ValidationError(f"{name}: {error}" if name else str(error)) from error

    @api.constrains("valid_from", "charge_id")
    def _check_not_in_billed_period(self):
        for version in self.filtered("charge_id"):
            billed = version.charge_id._billed_until()
            siblings = version.charge_id.version_ids - version
            if billed and siblings and (not version.valid_from or version.valid_from < billed):
                raise ValidationError(
                    self.env._(
                        "New prices of %(charge)s must start on %(date)s or later: it is billed"
                        " until then.",
                        charge=version.charge_id.display_name,
                        date=billed,
                    )
                )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        # What is checked and written below would be of a moment ago for who bills meanwhile.
        self.charge_id.browse({vals.get("charge_id") for vals in vals_list} - {None})._hold()
        versions = super().create(vals_list)
        versions.charge_id._point_to_prices_in_force()
        versions.charge_id._request_rating()
        return versions

    def write(self, vals):
        if vals.keys() - {"charge_id"}:
            self._check_not_billed()
        self._check_own_tiers(vals.get("tier_ids") or [])
        result = super(FusionBillingChargeVersion, as_table(self)).write(vals)
        if "valid_from" in vals:
            self.charge_id._point_to_prices_in_force()
        self.charge_id._request_rating()
        return result

    def unlink(self):
        """Withdraw prices at which nothing is billed: open periods are rated without them."""
        self._check_not_billed()
        charges = self.charge_id
        charges._point_to_prices_in_force(leaving=self)
        self._withdraw()
        result = super().unlink()
        charges._request_rating()
        return result

    def _check_not_billed(self):
        """Refuse to change prices that a billed period was rated with.

        :raise UserError: names the charge, and what to do instead
        """
        if is_engine(self.env):
            return
        self.charge_id._hold()
        for version in self:
            if version._is_billed():
                raise UserError(
                    self.env._(
                        "You cannot change these prices of %s: usage is billed at them. Add prices"
                        " that are valid from a later day instead.",
                        version.charge_id.display_name,
                    )
                )

    def _check_own_tiers(self, commands):
        """Refuse to change the tiers of other prices through these."""
        if set(named(commands)) - set(self.tier_ids.ids):
            raise UserError(
                self.env._(
                    "You cannot change the tiers of other prices here: open the prices that they"
                    " belong to in the price history."
                )
            )

    # === HOOKS: THE LEDGER ANSWERS === #

    def _is_rated(self):
        """Whether usage was rated at one of these prices."""
        return False

    def _is_billed(self):
        """Whether usage is billed at one of these prices."""
        return False

    def _withdraw(self):
        """These prices are about to be deleted: nothing is rated at them any more."""

    # === BUSINESS METHODS === #

    @api.model
    def _term_fields(self):
        """Return the names of the fields that say what usage costs."""
        return set(TERMS)

    def _terms_to_copy(self):
        """Return the values of prices that cost the same."""
        [values] = self.copy_data()
        return {name: values[name] for name in values.keys() & self._term_fields()}

    def _on(self, day):
        """Return the one of these versions that is in force on a day, if there is one."""
        return self.sorted().filtered(
            lambda version: not version.valid_from or version.valid_from <= day
        )[:1]

    def _price(self, quantity):
        """Price a quantity that is used in a full billing period.

        :rtype: core.money.pricing.PricedAmount
        """
        self.ensure_one()
        return price(quantity=quantity, **self._terms()[self.id])

    def _terms(self):
        """Return the keyword arguments of `core.money.pricing.price`, exactly, but the quantity.

        :return: `{version id: dict}`, in two queries
        """
        exact = self._read_exact(
            [
                "included_quota",
                "price_per_unit",
                "unit_batch",
                "rate",
                "fixed_amount",
                "minimum_amount",
                "maximum_amount",
            ]
        )
        tiers = self.tier_ids._terms()
        return {
            version.id: {
                "model": version.charge_model,
                "minimum": exact[version.id].pop("minimum_amount") or None,
                "maximum": exact[version.id].pop("maximum_amount") or None,
                **exact[version.id],
                "tiers": [tiers[tier.id] for tier in version.tier_ids.sorted()],
                "flat_fee_at_zero": version.flat_fee_at_zero,
            }
            for version in self
        }

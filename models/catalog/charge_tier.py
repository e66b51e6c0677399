from collections import Counter
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Command

from ..base.bounded import Exact, Whole

TABLE = object()  # no request can hold it, see `base.engine`
NUMBERS = {"up_to", "unit_amount", "unit_batch", "flat_amount", "rate"}


class FusionBillingChargeTier(models.Model):
    """One step of a tiered price. It begins where the tier before it ends."""

    _name = "fusion.billing.charge.tier"
    _description = "Charge Tier"
    _inherit = ["fusion.billing.owned.mixin", "fusion.billing.exact.mixin"]
    _order = "version_id, sequence, id"
    _rec_name = "up_to"

    version_id = fields.Many2one(
        "fusion.billing.charge.version", required=True, index=True, ondelete="cascade", fixed=True
    )
    sequence = Whole(default=10)
    up_to = Exact(
        digits=(24, 6),
        help="Last unit in the tier. Leave it empty on the last tier: it has no end.",
    )
    above = fields.Float(
        compute="_compute_above", digits=(24, 6), help="Where the tier before it ends."
    )
    unit_amount = Exact("Price", digits=(22, 10))
    unit_batch = Exact(
        "Batch",
        digits=(24, 6),
        help="Bill the units of this tier in whole batches of this size, rounded up; the price is"
        " that of a batch. Empty: each unit at the price.",
    )
    flat_amount = Exact("Flat Amount", digits=(22, 10), help="Due once the tier is entered.")
    rate = Exact("Rate (%)", digits=(22, 10))

    _numbers_not_negative = models.Constraint(
        "CHECK(up_to >= 0 AND unit_amount >= 0 AND unit_batch >= 0 AND flat_amount >= 0"
        " AND rate >= 0)",
        "The numbers of a tier must not be negative.",
    )

    @api.depends("sequence", "version_id.tier_ids.sequence", "version_id.tier_ids.up_to")
    def _compute_above(self):
        for tier in self:
            tiers = [*tier.version_id.tier_ids.sorted("sequence")]
            place = tiers.index(tier) if tier in tiers else 0
            tier.above = tiers[place - 1].up_to if place else 0

    @api.constrains("sequence", "up_to", "unit_amount", "unit_batch", "flat_amount", "rate")
    def _check_table(self):
        if not is_table_written(self.env):
            self.version_id._check_tiers()

    @api.model_create_multi
    def create(self, vals_list):
        versions = self.version_id.browse({vals.get("version_id") for vals in vals_list} - {None})
        # What is refused below names the charge.
        self.check_access("create")
        versions.check_access("read")
        versions._check_not_billed()
        rows = Counter({version.id: len(version.tier_ids) for version in versions})
        for vals in vals_list:
            rows[vals.get("version_id")] += 1
            self._check_not_negative(rows[vals.get("version_id")], vals)
        tiers = super().create(vals_list)
        # Once more: which version it is may stand in the context.
        tiers.version_id._check_not_billed()
        return tiers

    def write(self, vals):
        self.version_id._check_not_billed()
        for tier in self:
            row = tier.version_id.tier_ids.sorted().ids.index(tier.id) + 1
            self._check_not_negative(row, vals)
        return super().write(vals)

    def _check_not_negative(self, row, vals):
        """Say which row has a negative number; the database, which refuses it too, does not."""
        for name in NUMBERS & vals.keys():
            if Decimal(self._fields[name].convert_to_column(vals[name], self)) < 0:
                raise ValidationError(
                    self.env._(
                        "Tier %(row)s: %(field)s must not be negative, but it is %(number)s.",
                        row=row,
                        field=self._fields[name].string,
                        number=vals[name],
                    )
                )

    def unlink(self):
        versions = self.version_id
        versions._check_not_billed()
        result = super().unlink()
        if not is_table_written(self.env):
            versions.exists()._check_tiers()
        return result

    def _terms(self):
        """Return the tiers as `core.money.pricing.price` takes them: `{tier id: dict}`."""
        exact = self._read_exact(["up_to", "unit_amount", "unit_batch", "flat_amount", "rate"])
        return {
            tier.id: {
                **exact[tier.id],
                "up_to": exact[tier.id]["up_to"] or None,
                "unit_batch": exact[tier.id]["unit_batch"] or None,
            }
            for tier in self
        }


def as_table(versions):
    """The same prices, to be written with all their tiers: they check these at the end."""
    return versions.with_context(fusion_table=TABLE)


def is_table_written(env):
    return env.context.get("fusion_table") is TABLE


def named(commands):
    """Return the ids of the tiers that commands for a table of tiers name."""
    return [
        tier
        for code, *rest in commands
        for tier in (rest[1] if code == Command.SET else rest[:1])
        if code not in (Command.CREATE, Command.CLEAR)
    ]


def on_copies(commands, copies):
    """Return the same commands for a copy of the table.

    :param dict copies: `{tier id: id of its copy}`
    """
    moved = []
    for code, *rest in commands:
        if code == Command.SET:
            rest = [0, [copies.get(tier, tier) for tier in rest[1]]]
        elif code not in (Command.CREATE, Command.CLEAR):
            rest = [copies.get(rest[0], rest[0]), *rest[1:]]
        moved.append((code, *rest))
    return moved

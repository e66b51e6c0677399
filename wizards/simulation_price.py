from odoo import api, fields, models

from ..models.catalog.price_mixin import NUMBERS, TERMS


class BillingSimulationPrice(models.TransientModel):
    """What a charge would cost: prices of its own, which no usage is rated at."""

    _name = "fusion.billing.simulation.price"
    _description = "Price to Simulate"
    _inherit = ["fusion.billing.owned.mixin", "fusion.billing.price.mixin"]
    _inherits = {"fusion.billing.charge.version": "version_id"}
    _rec_name = "metric_id"

    simulation_id = fields.Many2one(
        "fusion.billing.simulation", required=True, index=True, ondelete="cascade", fixed=True
    )
    version_id = fields.Many2one(
        "fusion.billing.charge.version",
        required=True,
        index=True,
        ondelete="cascade",
        string="New Prices",
        fixed=True,
    )
    # Not that of the prices: prices that belong to a charge rate its usage.
    charge_id = fields.Many2one(
        "fusion.billing.charge", required=True, ondelete="cascade", fixed=True
    )
    metric_id = fields.Many2one(related="charge_id.metric_id", related_sudo=False)
    filter_summary = fields.Char(related="charge_id.filter_summary", related_sudo=False)
    currency_id = fields.Many2one(related="charge_id.currency_id", related_sudo=False)
    is_changed = fields.Boolean("Changed", compute="_compute_is_changed")

    @api.depends("charge_id", *TERMS)
    def _compute_is_changed(self):
        for price in self:
            charge = price.charge_id
            is_same = price.charge_model == charge.charge_model
            price.is_changed = not is_same or price._typed_terms() != charge._typed_terms()

    @api.onchange("charge_model", "flat_fee_at_zero", *NUMBERS)
    def _onchange_terms(self):
        """Have the form show what is typed: Odoo lets no dialog depend on what is stored."""
        self.modified(["charge_model"])

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        # Whose prices these are is not for others to say.
        return super().create([{**vals, "version_id": False} for vals in vals_list])

    def write(self, vals):
        # All at once: delegation would write the terms one by one.
        terms = {name: vals[name] for name in vals.keys() & self.version_id._term_fields()}
        if terms:
            self.check_access("write")
            self.version_id.write(terms)
        return super().write({name: vals[name] for name in vals.keys() - terms.keys()})

    def unlink(self):
        versions = self.version_id
        result = super().unlink()
        versions.filtered(lambda version: not version.charge_id).unlink()
        return result

    # === BUSINESS METHODS === #

    def _changed(self):
        """Return the new terms of the charges whose prices are other ones: `{charge id: terms}`."""
        new, old = self.version_id._terms(), self.charge_id.version_id._terms()
        return {
            price.charge_id.id: new[price.version_id.id]
            for price in self
            if new[price.version_id.id] != old[price.charge_id.version_id.id]
        }

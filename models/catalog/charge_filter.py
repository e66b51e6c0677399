from odoo import api, fields, models
from odoo.exceptions import ValidationError

NEW = object()  # no request can hold it, see `base.engine`


class FusionBillingChargeFilter(models.Model):
    """One condition of a charge: a dimension of the usage is one of some values.

    A charge with several conditions prices the usage that meets all of them.
    """

    _name = "fusion.billing.charge.filter"
    _description = "Charge Filter"
    _inherit = ["fusion.billing.owned.mixin"]
    _order = "charge_id, dimension"
    _rec_name = "dimension"

    charge_id = fields.Many2one(
        "fusion.billing.charge", required=True, index=True, ondelete="cascade", fixed=True
    )
    dimension = fields.Char(required=True, help="Name of the dimension, as apps send it: region")
    dimension_values = fields.Char(
        "Is One Of", required=True, help="The values, separated by commas: eu, us"
    )

    _dimension_unique = models.UniqueIndex(
        "(charge_id, dimension)",
        "You cannot add a second condition on this dimension: add the values to the first.",
    )

    @api.constrains("dimension", "dimension_values")
    def _check_values(self):
        for condition in self:
            if not condition.dimension.strip() or not condition._values():
                raise ValidationError(
                    self.env._("A filter must have the name of a dimension and at least one value.")
                )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        conditions = super().create(vals_list)
        # A charge that is made with them has rated nothing, also on days that are billed already.
        if self.env.context.get("fusion_charge") is not NEW:
            conditions._touch_charges()
        return conditions

    def write(self, vals):
        self.check_access("write")
        self._touch_charges()
        return super().write(vals)

    def unlink(self):
        self.check_access("unlink")
        self._touch_charges()
        return super().unlink()

    def _touch_charges(self):
        """A rated charge keeps its filter; a new filter takes usage from the charges beside it."""
        self.charge_id._hold()
        self.charge_id._check_identity_kept({"filter_ids"})
        self.charge_id._request_rating()

    # === BUSINESS METHODS === #

    def _values(self):
        """Return the values that the dimension may have, sorted."""
        self.ensure_one()
        values = (value.strip() for value in (self.dimension_values or "").split(","))
        return sorted({value for value in values if value})


def as_new(charges):
    """The same charges, to be made with their filters."""
    return charges.with_context(fusion_charge=NEW)

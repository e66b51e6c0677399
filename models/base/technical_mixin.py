from odoo import api, models

# What the web client asks of a field before it offers it: to filter and to group by, as a measure,
# and for a file.
OFFERED = {"searchable", "groupable", "aggregator", "exportable"}


class TechnicalMixin(models.AbstractModel):
    """Keeps fields that mean nothing to people out of what people choose fields from.

    Such a field is declared with `technical=True`. It can still be read and searched.
    """

    _name = "fusion.billing.technical.mixin"
    _description = "Has Fields That Are Not Offered"

    def _valid_field_parameter(self, field, name):
        return name == "technical" or super()._valid_field_parameter(field, name)

    @api.model
    def fields_get(self, allfields=None, attributes=None):
        found = super().fields_get(allfields, attributes)
        for name, description in found.items():
            if getattr(self._fields[name], "technical", False):
                description.update(dict.fromkeys(OFFERED & description.keys(), False))
        return found

from odoo import api, models
from odoo.exceptions import UserError
from odoo.models import LOG_ACCESS_COLUMNS


class OwnedMixin(models.AbstractModel):
    """Keeps a record with whom it belongs to: a company, a service, a subscription, a charge.

    Odoo asks its record rules about a record as it was before a write, and never about what the
    record names. So whoever may change a record could hand it to another company, where it is
    billed, or read a record of another company by naming it. Therefore:

    - A field that says whose a record is, or follows from one that does, is declared with
      `fixed=True`. Once it has a value it keeps it.
    - After a write that names records, who wrote must still be allowed to write this one.
    - Who names a record, also in a dialog that is not saved yet, must be allowed to read it.
    """

    _name = "fusion.billing.owned.mixin"
    _description = "Belongs to Somebody for Good"

    def _valid_field_parameter(self, field, name):
        return name == "fixed" or super()._valid_field_parameter(field, name)

    # === CRUD METHODS === #

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        self.new(values)._check_named(values)
        return values

    def onchange(self, values, field_names, fields_spec):
        self.new(values)._check_named(values)
        return super().onchange(values, field_names, fields_spec)

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        records._check_named(self._fields)
        return records

    def write(self, vals):
        self._check_fixed(vals)
        result = super().write(vals)
        if any(self._fields[name].relational for name in vals):
            self.check_access("write")
            self._check_named(vals)
        return result

    # === HELPERS === #

    def _check_fixed(self, vals):
        """:raise UserError: one of these records would change hands"""
        for name in vals:
            if not getattr(self._fields.get(name), "fixed", False):
                continue
            for record in self.filtered(name):
                if not record._says(name, vals[name]):
                    raise UserError(
                        self.env._(
                            "You cannot change %(field)s of %(record)s: it is decided when the"
                            " record is created. Create another one instead.",
                            field=self._fields[name]._description_string(self.env),
                            record=record.display_name,
                        )
                    )

    def _says(self, name, value):
        """Whether a field has a value already."""
        field = self._fields[name]
        return field.convert_to_cache(value, self) == field.convert_to_cache(self[name], self)

    def _check_named(self, names):
        """:raise AccessError: one of these fields names a record that its author may not read"""
        if self.env.su:
            return
        for name in self._fields.keys() & set(names) - set(LOG_ACCESS_COLUMNS):
            field = self._fields[name]
            if field.store and field.type in ("many2one", "many2many"):
                self[name]._origin.check_access("read")

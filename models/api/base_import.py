from odoo import api, models

from ...core.api.cells import iso_moment, plain_number

FORMATS = ("datetime_format", "date_format")


class BaseImport(models.TransientModel):
    """Hands the cells of our files to `load` as they are, with all their digits and no time zone.

    Odoo would take a time for one of the reader's own time zone, a day for its first instant in
    UTC, and 1e-7 for 0.
    """

    _inherit = "base_import.import"

    @api.model
    def get_fields_tree(self, model, depth=3):
        columns = self.res_model == model and self._fusion_columns()
        if not columns:
            return super().get_fields_tree(model, depth)
        own = [
            {
                "id": name,
                "name": name,
                "string": label,
                "required": required,
                "fields": [],
                "type": kind,
                "model_name": model,
            }
            for name, (label, kind, required) in columns.items()
        ]
        also = self.env[model]._import_also()
        tree = super().get_fields_tree(model, depth) if also else []
        return own + [field for field in tree if field["name"] in also]

    def execute_import(self, fields, columns, options, dryrun=False):
        # What is wrong is told by the lines of the file, not by those of a batch.
        line = 1 + int(options.get("skip") or 0) + bool(options.get("has_headers"))
        files = self.with_context(fusion_import_line=line)
        return super(BaseImport, files).execute_import(fields, columns, options, dryrun)

    def _parse_date_from_data(self, data, index, name, field_type, options):
        if name not in self._fusion_columns():
            return super()._parse_date_from_data(data, index, name, field_type, options)
        formats = [options.get(name) for name in FORMATS]
        for line in data:
            if isinstance(line[index], str):
                line[index] = iso_moment(line[index].strip(), formats)
        return None

    def _parse_float_from_data(self, data, index, name, options):
        if name not in self._fusion_columns():
            return super()._parse_float_from_data(data, index, name, options)
        for line in data:
            if isinstance(line[index], str) and line[index].strip():
                separators = self._infer_separators(line[index].strip(), options)
                line[index] = plain_number(line[index], *separators)
        return None

    def _fusion_columns(self):
        """Return the columns of a file that is read as the API reads what an app sends."""
        model = self.env.get(self.res_model)
        is_ours = "_import_columns" in dir(model) if model is not None else False
        return model._import_columns() if is_ours else {}

from collections import defaultdict
from datetime import date, datetime
from decimal import Decimal

from odoo import api, models

from ...core.api import strict_json
from ..base.staff import check_staff

ERRORS_SHOWN = 10  # of a column
LINES_SHOWN = 10  # of an error


class FusionBillingImportMixin(models.AbstractModel):
    """Lets Odoo's import load a file as the API takes what an app sends.

    The columns are the fields of the API. A file is checked as a whole, each row by the same
    readers and rules, and stored by the same code: so it can be loaded again, and changes nothing
    then. A file that names other fields is Odoo's own to load.
    """

    _name = "fusion.billing.import.mixin"
    _description = "Import: a file as the API reads it"

    # === HOOKS === #

    @api.model
    def _import_columns(self):
        """Return the columns that a file may have: `{name: (label, type, whether required)}`."""
        return {}

    @api.model
    def _import_also(self):
        """Return the fields that Odoo's import offers besides."""
        return set()

    @api.model
    def _import_rows(self, rows, limit):
        """Store the first rows of a file, all of them or none.

        :param list[dict] rows: what each cell says by the name of its column, None if it is empty;
            those after the limit come again with the next batch
        :return: `(ids, wrong)`: the record of each row; or the errors, `{(row, name, sentence)}`
        """
        raise NotImplementedError

    # === IMPORT === #

    @api.model
    def load(self, fields, data):
        """Load rows; see the class.

        :raise AccessError: who calls is none of the billing staff
        """
        columns = self._import_columns().keys()
        if not set(fields) <= columns:
            mixed = set(fields) & (columns - self._fields.keys())
            return self._import_mixed(mixed) if mixed else super().load(fields, data)
        for operation in ("create", "write"):
            check_staff(self, operation)
        limit = self.env.context.get("_import_limit") or len(data)
        rows = [dict(zip(fields, map(_read_cell, row), strict=False)) for row in data]
        with self.env.cr.savepoint() as savepoint:
            ids, wrong = self._import_rows(rows, limit)
            if wrong:
                savepoint.rollback()
        return {
            "ids": False if wrong else ids,
            "messages": self._import_messages(wrong),
            "nextrow": limit if len(data) > limit else 0,
        }

    def _import_mixed(self, names):
        message = self.env._(
            "These columns cannot be loaded with the others: %s.", ", ".join(sorted(names))
        )
        return {"ids": False, "messages": [{"type": "error", "message": message}], "nextrow": 0}

    def _import_messages(self, wrong):
        """Return errors as Odoo's import shows them well: one for each column, with its lines."""
        lines, messages = defaultdict(lambda: defaultdict(list)), []
        for row, name, sentence in sorted(wrong):
            lines[name][sentence].append(row)
        for name, sentences in lines.items():
            rows = [row for some in sentences.values() for row in some]
            told = [self._import_tell(*one) for one in list(sentences.items())[:ERRORS_SHOWN]]
            messages.append(
                {
                    "type": "error",
                    "message": " ".join(told),
                    "field": name,
                    "record": min(rows),
                    "rows": {"from": min(rows), "to": max(rows)},
                }
            )
        return messages

    def _import_tell(self, sentence, rows):
        """Say which lines of the file are wrong, and why."""
        first = self.env.context.get("fusion_import_line", 1)
        numbers = ", ".join(str(first + row) for row in rows[:LINES_SHOWN])
        if len(rows) == 1:
            return self.env._("Line %(line)s: %(problem)s", line=numbers, problem=sentence)
        more = ", …" if len(rows) > LINES_SHOWN else ""
        return self.env._("Lines %(lines)s: %(problem)s", lines=numbers + more, problem=sentence)

    @api.model
    def _import_services(self):
        """Return the services that a file may name, by code: those of the current company."""
        services = self.env["fusion.billing.service"].search(
            [("company_id", "=", self.env.company.id)]
        )
        return {service.code: service for service in services}

    def _explain_import(self, error):
        """Say what is wrong with a row.

        :param core.api.errors.InvalidInput error: what an app would be told
        """
        name = error.field or ""
        label = self._import_columns().get(name, (name,))[0]
        if error.code == "unknown_service":
            return self.env._("There is no service with this code in this company.")
        if error.code == "missing_field":
            return self.env._("“%s” is missing.", label)
        if name == "country_code":
            return self.env._("“%s” must be a two-letter code of ISO 3166, such as CA.", label)
        return self.env._("“%s” must be a text of 1 to 255 characters.", label)


def _read_cell(value):
    """Return what a cell says, as JSON would say it."""
    if isinstance(value, str):
        # What no database holds is no text to its reader.
        return (value.strip() or None) if strict_json.is_storable(value) else [value]
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = Decimal(repr(value))
        # Over RPC comes what is no number: it cannot be compared with one.
        return number if number.is_finite() else str(value)
    return value or None

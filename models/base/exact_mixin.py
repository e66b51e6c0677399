from decimal import ROUND_HALF_UP, Context, Decimal

from odoo import fields, models
from odoo.tools import SQL

_CONTEXT = Context(prec=150)


class Exact(fields.Float):
    """A Float whose column holds the decimal that was typed.

    Odoo rounds in binary and stores 1073741824 with six digits as 1073741824.000001: a quota
    that no usage reaches, or a batch too many.
    """

    def convert_to_column(self, value, record, values=None, validate=True):
        return f"{self._round(value):f}"

    def convert_to_cache(self, value, record, validate=True):
        return float(self._round(value))

    def _round(self, value):
        _precision, scale = self._digits
        return Decimal(str(value or 0)).quantize(
            Decimal(1).scaleb(-scale), ROUND_HALF_UP, context=_CONTEXT
        )


class ExactMixin(models.AbstractModel):
    """Reads numeric columns as exact decimals.

    The ORM casts every `numeric` to a binary float, which is good enough for a screen and never
    for money (M1). Arithmetic on billing records starts here.
    """

    _name = "fusion.billing.exact.mixin"
    _description = "Exact decimals from numeric columns"

    def _read_exact(self, field_names):
        """Return the stored numbers of these records exactly as PostgreSQL holds them.

        :param list[str] field_names: stored fields whose columns are `numeric`
        :return: `{record id: {field name: Decimal}}`; an empty column reads as zero
        """
        if not self.ids:
            return {}
        self.flush_recordset(field_names)
        columns = SQL(", ").join(
            SQL("COALESCE(%s, 0)::text", SQL.identifier(name)) for name in field_names
        )
        rows = self.env.execute_query(
            SQL(
                "SELECT id, %s FROM %s WHERE id IN %s",
                columns,
                SQL.identifier(self._table),
                tuple(self.ids),
            )
        )
        return {row[0]: dict(zip(field_names, map(Decimal, row[1:]), strict=True)) for row in rows}

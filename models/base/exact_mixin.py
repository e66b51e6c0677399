from decimal import Decimal

from odoo import models
from odoo.tools import SQL


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

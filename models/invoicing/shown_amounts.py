"""New prices of usage lines, with the amounts of these lines and of their orders.

Line by line, the ORM has the tax engine run for the line, and then again for the whole order, and
sets a dozen fields one after the other. A rating run shows the usage of thousands of orders, so
here each order goes through the engine once, which gives both, and each table is written by one
statement. What is stored is the same: a test compares it column by column.
"""

from odoo import models
from odoo.tools import SQL

from ..base.engine import as_engine

# What can be written on many lines at once; with anything else, the ORM writes the line.
SHOWN_AT_ONCE = ("price_unit", "technical_price_unit", "name")
LINE_AMOUNTS = (
    "price_subtotal",
    "price_tax",
    "price_total",
    "price_reduce_taxexcl",
    "price_reduce_taxinc",
)
ORDER_AMOUNTS = ("amount_untaxed", "amount_tax", "amount_total")
LOGGED = ("write_uid", "write_date")

# What the ORM would have called, or what must do no more than core does; and the addons whose part
# in it is known. Where another one has a part in it, the ORM writes all lines.
RELIED_ON = {
    "sale.order.line": (
        "write",
        "_compute_field_value",
        "_compute_amount",
        "_compute_price_reduce_taxexcl",
        "_compute_price_reduce_taxinc",
    ),
    "sale.order": (
        "_compute_field_value",
        "_compute_amounts",
        "_add_base_lines_for_early_payment_discount",
    ),
    "account.tax": (
        "_get_tax_totals_summary",
        "_aggregate_base_line_tax_details",
        "_aggregate_base_lines_tax_details",
        "_aggregate_base_lines_aggregated_values",
        "_round_base_lines_tax_details",
        "_round_tax_details_tax_amounts",
        "_round_tax_details_base_lines",
    ),
}
KNOWN = {"odoo", "account", "analytic", "mail", "sale", "fusion_billing"}


class SaleOrderLine(models.Model):
    """Usage lines are written for many orders at once."""

    _inherit = "sale.order.line"

    def _fusion_show(self, changes):
        """Write what lines are to show, and what they and their orders come to.

        :param dict changes: `{line: {field name: value}}`
        """
        others = self.browse(
            line.id for line, values in changes.items() if values.keys() - {*SHOWN_AT_ONCE}
        )
        lines = as_engine(self.browse(line.id for line in changes))
        together = (lines.order_id - others.order_id)._fusion_shown_together()
        for line in lines:
            if line.order_id not in together:
                line.write(changes[line])
        (lines.order_id - together)._fusion_update_totals()
        lines.filtered(lambda line: line.order_id in together)._fusion_show_at_once(changes)

    def _fusion_show_at_once(self, changes):
        """Do what `write` does, and what is computed because of it, for all of these lines."""
        orders = self.order_id
        shown = {
            line: {name: changes[line].get(name, line[name]) for name in SHOWN_AT_ONCE}
            for line in self
        }
        _recall(self, shown)
        of_orders, of_lines = orders._fusion_amounts()
        with self.env.protecting(
            [
                ([self._fields[name] for name in LINE_AMOUNTS], self),
                ([orders._fields[name] for name in ORDER_AMOUNTS], orders),
            ]
        ):
            _store(self, {line: {**shown[line], **of_lines[line]} for line in self})
            _store(orders, of_orders)
            self.modified(SHOWN_AT_ONCE)
        self._validate_fields([*SHOWN_AT_ONCE, *LINE_AMOUNTS])
        orders._validate_fields(ORDER_AMOUNTS)


class SaleOrder(models.Model):
    """Orders are totalled together with their lines."""

    _inherit = "sale.order"

    def _fusion_shown_together(self):
        """Return those of these orders whose lines and totals are known to need no more."""
        if any(_strangers(self.env[model], names) for model, names in RELIED_ON.items()):
            return self.browse()
        # A discount for early payment is taken from the lines once they are computed.
        return self.filtered(lambda order: not order.payment_term_id.early_discount)

    def _fusion_update_totals(self):
        """Total the orders now: whoever did it later would tell the chatter of each new total."""
        self.order_line.mapped("tax_ids")  # at once: the totals read them order by order
        self._recompute_recordset(ORDER_AMOUNTS)

    def _fusion_amounts(self):
        """Return what these orders and their lines come to: `{record: {field name: value}}` each.

        As `_compute_amounts` and `_compute_amount` do. Rounding the taxes of a whole order leaves
        what its lines come to alone, so that one pass gives both.
        """
        taxes, of_orders, of_lines = self.env["account.tax"], {}, {}
        self.order_line.mapped("tax_ids")  # at once: the engine reads them line by line
        for order in self:
            base_lines = [
                line._prepare_base_line_for_taxes_computation()
                for line in order._get_priced_lines()
            ]
            taxes._add_tax_details_in_base_lines(base_lines, order.company_id)
            taxes._round_base_lines_tax_details(base_lines, order.company_id)
            of_orders[order] = _amounts_of_order(order, base_lines)
            of_lines.update((base["record"], _amounts_of_line(base)) for base in base_lines)
        return of_orders, of_lines


def _amounts_of_order(order, base_lines):
    """What an order comes to, with the cents that its lines share: `_get_tax_totals_summary`."""
    currency = order.currency_id or order.company_id.currency_id
    details = [base_line["tax_details"] for base_line in base_lines]
    untaxed = sum(
        line["total_excluded_currency"] + line["delta_total_excluded_currency"] for line in details
    )
    tax = sum(tax["tax_amount_currency"] for line in details for tax in line["taxes_data"])
    return {
        "amount_untaxed": currency.round(untaxed),
        "amount_tax": currency.round(tax),
        "amount_total": currency.round(untaxed + tax),
    }


def _amounts_of_line(base_line):
    """What a line in quantity 1 comes to, without cents that it shares with others."""
    currency, details = base_line["currency_id"], base_line["tax_details"]
    subtotal = currency.round(details["total_excluded_currency"])
    total = currency.round(details["total_included_currency"])
    return {
        "price_subtotal": subtotal,
        "price_total": total,
        "price_tax": total - subtotal,
        "price_reduce_taxexcl": subtotal,
        "price_reduce_taxinc": total,
    }


# === WRITING === #


def _recall(records, values):
    """Let records be read with other values, which are stored later.

    :param dict values: `{record: {field name: value}}`, the same fields for all
    """
    names = [*values[records[0]]] if records else []
    for name in names:
        records.env.remove_to_compute(records._fields[name], records)
    records.flush_recordset([*names, *LOGGED])
    for record in records:
        for name, value in values[record].items():
            record._fields[name]._update_cache(record, value)


def _store(records, values):
    """Write fields of many records by one statement, where they say something else."""
    if not records:
        return
    _recall(records, values)
    fields = [records._fields[name] for name in values[records[0]]]
    records.env.cr.execute(
        SQL(
            UPDATE,
            table=SQL.identifier(records._table),
            ids=records.ids,
            uid=records.env.uid,
            now=records.env.cr.now(),
            columns=_listed("%s", fields),
            stored=_listed("stored.%s", fields),
            given=_listed("given.%s", fields),
            arrays=SQL(", ").join(
                SQL(
                    f"%s::{field.column_type[1]}[]",
                    [values[record][field.name] for record in records],
                )
                for field in fields
            ),
        )
    )
    records.invalidate_recordset(LOGGED, flush=False)


def _listed(template, fields):
    return SQL(", ").join(SQL(template, SQL.identifier(field.name)) for field in fields)


def _strangers(model, names):
    """The addons that have a part in methods of a model and are not known to do nothing here."""
    modules = {
        vars(part)[name].__module__
        for part in type(model).mro()
        for name in names
        if name in vars(part)
    }
    return {module.removeprefix("odoo.addons.").split(".")[0] for module in modules} - KNOWN


UPDATE = """
UPDATE %(table)s AS stored
   SET (%(columns)s, write_uid, write_date) = (%(given)s, %(uid)s, %(now)s)
  FROM unnest(%(ids)s::int[], %(arrays)s) AS given(id, %(columns)s)
 WHERE stored.id = given.id AND (%(stored)s) IS DISTINCT FROM (%(given)s)
"""

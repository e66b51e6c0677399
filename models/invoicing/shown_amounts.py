"""New prices of usage lines, with the amounts of these lines and of their orders.

Line by line, the ORM has the tax engine run for the line, and then again for the whole order, and
sets a dozen fields one after the other. A rating run shows the usage of thousands of orders, so
here each order goes through the engine once, which gives both, and each field is set for all
lines. What is stored is the same: a test compares it column by column.
"""

from odoo import models

from ..base.engine import as_engine

# What can be written on many lines at once; with anything else, the ORM writes the line.
SHOWN_AT_ONCE = {"price_unit", "technical_price_unit", "name"}
LINE_AMOUNTS = (
    "price_subtotal", "price_tax", "price_total", "price_reduce_taxexcl", "price_reduce_taxinc",
)
ORDER_AMOUNTS = ("amount_untaxed", "amount_tax", "amount_total")

# What the ORM would have called, and whose part in it is known to do nothing else here. Where
# another addon has a part in it, the ORM writes all lines.
LINE_METHODS = (
    "write", "_compute_field_value", "_compute_amount", "_compute_price_reduce_taxexcl",
    "_compute_price_reduce_taxinc",
)
ORDER_METHODS = ("_compute_field_value", "_compute_amounts")
KNOWN = {"odoo", "analytic", "mail", "sale", "fusion_billing"}


class SaleOrderLine(models.Model):
    """Usage lines are written for many orders at once."""

    _inherit = "sale.order.line"

    def _fusion_show(self, changes):
        """Write what lines are to show, and what they and their orders come to.

        :param dict changes: `{line: {field name: value}}`
        """
        others = self.browse(
            line.id for line, values in changes.items() if values.keys() - SHOWN_AT_ONCE
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
        with self.env.protecting([
            ([self._fields[name] for name in LINE_AMOUNTS], self),
            ([orders._fields[name] for name in ORDER_AMOUNTS], orders),
        ]):
            _put(self, changes)
            self.modified(SHOWN_AT_ONCE)
            orders.order_line.mapped("tax_ids")  # at once: the engine reads them line by line
            line_amounts = {}
            _put(orders, {order: order._fusion_amounts(line_amounts) for order in orders})
            _put(self, line_amounts)
        self._validate_fields(SHOWN_AT_ONCE)


class SaleOrder(models.Model):
    """Orders are totalled together with their lines."""

    _inherit = "sale.order"

    def _fusion_shown_together(self):
        """Return those of these orders whose lines and totals are known to need no more."""
        if _strangers(self, ORDER_METHODS) or _strangers(self.order_line, LINE_METHODS):
            return self.browse()
        # A discount for early payment is taken from the lines once they are computed.
        return self.filtered(lambda order: not order.payment_term_id.early_discount)

    def _fusion_update_totals(self):
        """Total the orders now: whoever did it later would tell the chatter of each new total."""
        self.order_line.mapped("tax_ids")  # at once: the totals read them order by order
        self._recompute_recordset(ORDER_AMOUNTS)

    def _fusion_amounts(self, line_amounts):
        """Return what an order comes to, as `_compute_amounts` does.

        What its lines come to does not depend on each other, and is the same by itself.

        :param dict line_amounts: takes what the lines come to, as `_compute_amount` does
        """
        taxes, company = self.env["account.tax"], self.company_id
        base_lines = [
            line._prepare_base_line_for_taxes_computation() for line in self._get_priced_lines()
        ]
        taxes._add_tax_details_in_base_lines(base_lines, company)
        taxes._round_base_lines_tax_details(base_lines, company)
        line_amounts.update((base["record"], _amounts_of_line(base)) for base in base_lines)
        currency = self.currency_id or company.currency_id
        totals = taxes._get_tax_totals_summary(base_lines, currency, company)
        return {
            "amount_untaxed": currency.round(totals["base_amount_currency"]),
            "amount_tax": currency.round(totals["tax_amount_currency"]),
            "amount_total": currency.round(totals["total_amount_currency"]),
        }


def _amounts_of_line(base_line):
    """What a line in quantity 1 comes to; documents' shares of cents are none of its own."""
    currency, details = base_line["currency_id"], base_line["tax_details"]
    subtotal = currency.round(details["total_excluded_currency"])
    total = currency.round(details["total_included_currency"])
    return {
        "price_subtotal": subtotal, "price_total": total, "price_tax": total - subtotal,
        "price_reduce_taxexcl": subtotal, "price_reduce_taxinc": total,
    }


def _put(records, values):
    """Set fields as a compute method does: in the cache, to be written with everything else.

    :param dict values: `{record: {field name: value}}`; a value is as the field would round it
    """
    for record in records:
        for name, value in values[record].items():
            field = record._fields[name]
            if field._get_cache(record.env).get(record.id) != value:
                field._update_cache(record, value, dirty=True)
    for name in {name for record in records for name in values[record]}:
        records.env.remove_to_compute(records._fields[name], records)


def _strangers(model, names):
    """The addons that have a part in methods of a model and are not known to do nothing here."""
    modules = {
        vars(part)[name].__module__
        for part in type(model).mro() for name in names if name in vars(part)
    }
    return {module.removeprefix("odoo.addons.").split(".")[0] for module in modules} - KNOWN

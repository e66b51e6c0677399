from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

OPERATORS = ("=", "!=", "<", ">", "<=", ">=")
NUMBERS = (int, float)  # PostgreSQL compares no amount with anything else


class SaleOrder(models.Model):
    """Amounts of subscriptions that lists add up, pivot and search by.

    None of them is stored: the database adds up what the log of recurring revenue, the ledger and
    the lines of the order say, so that no total can differ from them.
    """

    _inherit = "sale.order"

    fusion_company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company Currency", technical=True
    )
    fusion_monthly_amount = fields.Monetary(
        "Monthly Recurring",
        compute="_compute_fusion_monthly_amount",
        search="_search_fusion_monthly_amount",
        currency_field="fusion_company_currency_id",
        groups="fusion_billing.group_user",
        help="What the fees in force come to in a month, in the company's currency, before tax.",
    )
    fusion_due_amount = fields.Monetary(search="_search_fusion_due_amount")
    fusion_usage_to_bill = fields.Monetary(search="_search_fusion_usage_to_bill")

    @api.depends("fusion_item_ids", "fusion_phase_ids")
    def _compute_fusion_monthly_amount(self):
        groups = self.env["fusion.billing.revenue.movement"]._read_group(
            [("subscription_id", "in", self.ids)], ["subscription_id"], ["amount:sum"]
        )
        amounts = {order.id: amount for order, amount in groups}
        for order in self:
            order.fusion_monthly_amount = amounts.get(order._origin.id, 0)

    # === SEARCHING AND ADDING UP === #

    def _search_fusion_monthly_amount(self, operator, value):
        return self._fusion_search_amount("fusion_monthly_amount", operator, value)

    def _search_fusion_due_amount(self, operator, value):
        return self._fusion_search_amount("fusion_due_amount", operator, value)

    def _search_fusion_usage_to_bill(self, operator, value):
        return self._fusion_search_amount("fusion_usage_to_bill", operator, value)

    def _fusion_search_amount(self, name, operator, value):
        # Odoo asks who may read a field only where it makes the search itself.
        self._check_field_access(self._fields[name], "read")
        if operator not in OPERATORS or not isinstance(value, NUMBERS):
            return NotImplemented
        return Domain.custom(
            to_sql=lambda model, alias, query: SQL(
                "%s %s %s", model._field_to_sql(alias, name, query), SQL(operator), float(value)
            )
        )

    def _field_to_sql(self, alias, field_expr, query=None):
        if field_expr not in AMOUNTS or query is None:
            return super()._field_to_sql(alias, field_expr, query)
        self._check_field_access(self._fields[field_expr], "read")
        joined = query.make_alias(alias, field_expr)
        if joined not in query._joins:
            order, key = SQL.identifier(alias, "id"), SQL.identifier(joined, "order_id")
            query.add_join(
                "LEFT JOIN", joined, self._fusion_sums(field_expr), SQL("%s = %s", order, key)
            )
        return SQL("COALESCE(%s, 0)", SQL.identifier(joined, "amount"))

    def _fusion_sums(self, name):
        """Return a query for `(order_id, amount)`: what a field is for each order that has any."""
        model, columns, statement = AMOUNTS[name]
        # sudo: who may read the order may read what it comes to.
        source = self.env[model].sudo()
        return SQL(
            statement, **{column: source._field_to_sql("source", column) for column in columns}
        )


# What orders come to, by field: the model that says so, the columns that are read of it, and what
# is to be added up. All of it at once: order by order, a pivot of many would take much longer.
AMOUNTS = {
    "fusion_monthly_amount": (
        "fusion.billing.revenue.movement",
        ("subscription_id", "amount"),
        """
        (SELECT %(subscription_id)s AS order_id, sum(%(amount)s) AS amount
           FROM fusion_billing_revenue_movement AS source GROUP BY 1)
        """,
    ),
    "fusion_due_amount": (
        "fusion.billing.rating",
        ("subscription_id", "amount", "settled", "waived", "due"),
        """
        (SELECT %(subscription_id)s AS order_id, sum(%(due)s) AS amount
           FROM fusion_billing_rating AS source
          WHERE %(amount)s - %(settled)s - %(waived)s <> 0 GROUP BY 1)
        """,
    ),
    "fusion_usage_to_bill": (
        "sale.order.line",
        ("order_id", "fusion_charge_id", "price_subtotal"),
        """
        (SELECT %(order_id)s AS order_id, sum(%(price_subtotal)s) AS amount
           FROM sale_order_line AS source
          WHERE %(fusion_charge_id)s IS NOT NULL GROUP BY 1)
        """,
    ),
}

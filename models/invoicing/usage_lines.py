from collections import defaultdict
from decimal import Decimal

from odoo import api, models
from odoo.tools import SQL

from ..base.engine import as_engine
from .line_values import LineValues, adapted_price
from .shown_amounts import SHOWN_AT_ONCE


class SaleOrder(models.Model):
    """Orders show what the open billing period comes to until now, one line for each charge (L6).

    Lines are made when there is something to show (R5), and never more of them: in the next
    period the same line begins anew. Nothing is billed because of what they say.
    """

    _inherit = "sale.order"

    def _fusion_show_usage(self):
        """Let the orders say what the ledger says, by the fewest writes that are right."""
        orders = self.sudo()
        if not orders:
            return
        orders._fusion_follow_products()
        shown = orders._fusion_open_usage()
        lines = {
            (line.order_id, line.fusion_charge_id): line
            for line in orders.order_line
            if line.fusion_charge_id
        }
        new = [key for key, (amount, _rows) in shown.items() if amount and key not in lines]
        lines |= orders._fusion_add_usage_lines(new)
        ratings = self.env["fusion.billing.rating"].sudo().union(*(r for _a, r in shown.values()))
        words, nothing = LineValues(ratings), (Decimal(0), ratings[:0])
        changes = {
            line: line._fusion_changed_by(*shown.get(key, nothing), words)
            for key, line in lines.items()
        }
        as_engine(orders.order_line)._fusion_show(
            {
                **{line: changed for line, changed in changes.items() if changed},
                **orders._fusion_changed_fees(),
            }
        )

    def _fusion_follow_products(self):
        """Put the products that charges have by now on their lines: documents take taxes there."""
        for line in as_engine(self.sudo()).order_line.filtered("fusion_charge_id"):
            if line.product_id != line.fusion_charge_id.product_id:
                # A new product would give the line its own words and price.
                shown = {name: line[name] for name in (*SHOWN_AT_ONCE, "product_uom_qty")}
                line.write({"product_id": line.fusion_charge_id.product_id.id, **shown})

    def _fusion_add_usage_lines(self, keys):
        """Add lines that show nothing yet: `{(order, charge): line}`.

        :param keys: pairs of an order and a charge
        """
        counts = defaultdict(int)
        values = []
        common = self._fusion_common_of_usage_lines()
        for order, charge in keys:
            counts[order] += 1
            values.append(
                {
                    "order_id": order.id,
                    "sequence": max(order.order_line.mapped("sequence"), default=0) + counts[order],
                    "product_id": charge.product_id.id,
                    "product_uom_qty": 1,
                    "price_unit": 0,
                    "technical_price_unit": 0,
                    "discount": 0,
                    "fusion_recurring": False,
                    "fusion_charge_id": charge.id,
                    **common,
                }
            )
        return dict(zip(keys, as_engine(self.order_line).create(values), strict=True))

    @api.model
    def _fusion_common_of_usage_lines(self):
        """Return what core would ask for each line in vain."""
        # sudo: analytics of others count, too.
        analytics = self.env["account.analytic.distribution.model"].sudo()
        return {} if analytics.search_count([], limit=1) else {"analytic_distribution": False}

    def _fusion_open_usage(self):
        """Return what the open periods come to: `{(order, charge): (amount, rows)}`."""
        self.flush_recordset(["fusion_last_invoice_date", "fusion_start_date"])
        ratings = self.env["fusion.billing.rating"]
        ratings.flush_model()
        usage = defaultdict(lambda: (Decimal(0), ratings))
        for order_id, charge_id, rating_id, amount in self.env.execute_query(
            SQL(OPEN_USAGE, self.ids)
        ):
            key = self.browse(order_id), ratings.charge_id.browse(charge_id)
            total, rows = usage[key]
            usage[key] = total + Decimal(amount), rows | ratings.browse(rating_id)
        return usage


class SaleOrderLine(models.Model):
    """A usage line states an amount of the ledger: quantity 1, because order quantities hold two
    decimals and usage does not (M1).
    """

    _inherit = "sale.order.line"

    def _fusion_changed_by(self, amount, ratings, words):
        """Return what a line does not say yet of what its charge comes to in the open period.

        :param Decimal amount: in the order's currency, with the taxes of the product's prices
        :param ratings: the rows that it is the sum of
        :param LineValues words: how they read
        :return: `{field name: value}`
        """
        product = self.fusion_charge_id.product_id
        price = float(adapted_price(self, product, amount))
        values = {
            "product_uom_qty": 1,
            "discount": 0,
            "price_unit": price,
            "technical_price_unit": price,
            "name": "\n".join(words.name(rating, self) for rating in ratings)
            or (self.fusion_charge_id.metric_id.with_context(lang=self.order_id._get_lang()).name),
        }
        return {name: value for name, value in values.items() if self[name] != value}


class FusionBillingRating(models.Model):
    """Orders and drafts follow the ledger."""

    _inherit = "fusion.billing.rating"

    @api.model
    def _rated(self, subscriptions):
        super()._rated(subscriptions)
        subscriptions._fusion_follow_products()
        subscriptions._fusion_follow_ledger()

    @api.model
    def _show(self, subscriptions):
        super()._show(subscriptions)
        subscriptions._fusion_show_usage()


OPEN_USAGE = """
SELECT rating.subscription_id, rating.charge_id, rating.id, rating.amount::text
  FROM fusion_billing_rating AS rating
  JOIN sale_order AS subscription ON subscription.id = rating.subscription_id
 WHERE rating.subscription_id = ANY(%s) AND rating.charge_id IS NOT NULL
   AND COALESCE(subscription.fusion_last_invoice_date, subscription.fusion_start_date)
       >= rating.cycle_start
   AND COALESCE(subscription.fusion_last_invoice_date, subscription.fusion_start_date)
       < rating.cycle_end
 ORDER BY rating.subscription_id, rating.charge_id, rating.date_from
"""

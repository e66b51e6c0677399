"""What tests at the walls to Odoo share: its real wizards, and what a stranger would count."""

from odoo.fields import Command
from odoo.tests import freeze_time

from ..invoicing.document_case import DocumentCase


class WallsCase(DocumentCase):
    """One call costs 1, Pro is 49 a month in advance, Set-up is 200 once. Days are of 2026, in UTC.

    Amounts in these tests are worked out by hand, from prices and days alone.
    """

    def _line(self, subscription, product):
        """The order lines of a product that come to something, or all of them."""
        lines = subscription.order_line.filtered(lambda line: line.product_id == product)
        return lines.filtered("product_uom_qty") or lines

    def _discount(self, subscription, kind="sol_discount", percentage=0.0, amount=0.0):
        """Press *Discount* on the order, and *Apply*."""
        self.env["sale.order.discount"].with_context(active_id=subscription.id).create(
            {"discount_type": kind, "discount_percentage": percentage, "discount_amount": amount}
        ).action_apply_discount()

    def _create_invoice(self, subscriptions, method="delivered", **vals):
        """Press *Create Invoice*, choose a method, and confirm; return the new documents."""
        before = subscriptions.order_line.invoice_lines.move_id
        wizard = (
            self.env["sale.advance.payment.inv"]
            .with_context(active_model="sale.order", active_ids=subscriptions.ids)
            .create({"advance_payment_method": method, **vals})
        )
        wizard.create_invoices()
        return subscriptions.order_line.invoice_lines.move_id - before

    def _add_line(self, subscription, product, quantity=1, **vals):
        """Type a line into the order, as the form saves it."""
        subscription.write(
            {
                "order_line": [
                    Command.create({"product_id": product.id, "product_uom_qty": quantity, **vals})
                ]
            }
        )
        return subscription.order_line.sorted("id")[-1:]

    def _edit(self, line, **vals):
        """Change a line in the order's form, which saves it as a command of the order."""
        line.order_id.write({"order_line": [Command.update(line.id, vals)]})

    def _net(self, subscription):
        """What the customer bears for one subscription, before tax, also on shared documents."""
        return round(
            sum(
                -line.move_id.direction_sign * line.price_subtotal
                for line in self._moves(subscription).invoice_line_ids
                if self._billed(line) in (subscription, subscription.browse())
            ),
            2,
        )

    def _billed(self, line):
        return line.fusion_rating_id.subscription_id or line.sale_line_ids.order_id

    def _run(self, *days):
        """Run the crons on some days, as the scheduler does: rating, then invoicing."""
        for day in days:
            with freeze_time(day):
                self._rate()
                self._bill()

    def assertStands(self, subscription, day, net):
        """On a day the customer bears an amount, nothing is due, and the crons add nothing."""
        self._run(day)
        self.assertNet(subscription, net)
        documents = self._moves(subscription)
        self._run(day, day)
        self.assertEqual(self._moves(subscription), documents, "the crons bill something more")
        with freeze_time(day):
            subscription.invalidate_recordset()
            owing = {
                rating.display_name: rating.due
                for rating in subscription.fusion_rating_ids
                if rating._next_amounts()[rating] and rating.bill_on <= self.company._fusion_today()
            }
        self.assertFalse(owing, "something is due")

    def assertSums(self, subscription):
        """Each document's lines sum to its total."""
        for move in self._moves(subscription):
            self.assertEqual(
                round(sum(move.invoice_line_ids.mapped("price_subtotal")), 2),
                round(move.amount_untaxed, 2),
                move.name,
            )

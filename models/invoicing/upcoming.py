from decimal import Decimal

from odoo import models

from ...core.money.timeline import DAY
from ..base.rehearsal import rehearsal
from ..base.retry import lock
from .line_values import exact_amount


class SaleOrder(models.Model):
    """The documents that would be made: by the code that makes them, and then taken back."""

    _inherit = "sale.order"

    def _fusion_upcoming_documents(self, day=None, change=None):
        """Return the documents that would be made on a day, as `_fusion_describe` says them.

        Nothing is stored, told or numbered. Whoever calls has checked who asks.

        :param date day: until which everything is billed, late rows and one-off lines, too; the
            end of the open billing period, with the usage so far, if empty
        :param callable change: what if: it is given these orders, in an environment of their own,
            changes them through that alone, and may return those whose documents are wanted
        :raise UserError: it cannot be billed, or not be changed
        """
        # sudo: what is owed does not depend on who looks.
        with rehearsal(self.sudo()) as orders:
            lock(orders, allow_referencing=True)
            changed = change(orders) if change else None
            orders = orders if changed is None else changed
            return [
                move._fusion_describe()
                for (_company, on), some in orders._fusion_by_next_document(day).items()
                for move in some._fusion_draft_until(on)
            ]

    def _fusion_by_next_document(self, day):
        """Return these orders by their companies and the days of their next documents."""
        return self.grouped(lambda order: (order.company_id, day or order._fusion_next_document()))

    def _fusion_next_document(self):
        """Return the day on which the open billing period ends; today, if that is over."""
        return max(self.fusion_next_invoice_date or self._fusion_today(), self._fusion_today())

    def _fusion_draft_until(self, day):
        """Make the documents of `_fusion_bill_until`, dated as they will be, but do not post them:
        that changes no amount, and would take a number.
        """
        documents = self._fusion_work_out(day, asked=True)
        for document in documents:
            today = document.order._fusion_today()
            is_due = document.bill_on <= max(today, document.order._fusion_opened_on())
            document.issued_on = today if is_due else document.bill_on
        return self._fusion_draft_documents(documents)[1]


class AccountMove(models.Model):
    """A document in plain values."""

    _inherit = "account.move"

    def _fusion_describe(self):
        """Return what this document says, in its own words and exact amounts: a dict.

        Its `lines` are dicts as well, those of sections with a name alone.
        """
        self.ensure_one()
        return {
            "type": "credit_note" if self.move_type == "out_refund" else "invoice",
            "partner_id": self.partner_id.id,
            "subscription_ids": self._fusion_subscriptions().ids,
            "bill_on": self.fusion_bill_on,
            "invoice_date": self.invoice_date,
            # Without payment terms core says today, also of what is dated later.
            "due_date": max(self.invoice_date_due, self.invoice_date),
            "held_until": self.fusion_post_at or None,
            "currency_id": self.currency_id.id,
            "untaxed": exact_amount(self.amount_untaxed),
            "tax": exact_amount(self.amount_tax),
            "total": exact_amount(self.amount_total),
            "lines": [line._fusion_describe() for line in self.invoice_line_ids],
        }


class AccountMoveLine(models.Model):
    """A line of a document in plain values."""

    _inherit = "account.move.line"

    def _fusion_describe(self):
        """Return what this line says: a dict.

        `settles` is what of the ledger's row is billed, or, negative, credited; `receipt` says,
        in HTML, how the row comes about; `used` is its quantity, of usage. They and the days are
        None for what is not in the ledger.
        """
        if self.display_type != "product":
            return {"kind": "section", "name": self.name}
        rating = self.fusion_rating_id
        return {
            "kind": self._fusion_kind(),
            "name": self.name,
            "subscription_id": self._fusion_line_subscription().id or None,
            "metric_id": rating.metric_id.id or None,
            "product_id": self.product_id.id or None,
            "date_from": rating.date_from or None,
            "date_until": rating.date_until or None,
            "last_day": rating.date_until - DAY if rating else None,
            "used": Decimal(self.fusion_quantity) if rating.charge_id else None,
            "quantity": exact_amount(self.quantity),
            "price_unit": exact_amount(self.price_unit),
            "discount": exact_amount(self.discount),
            "taxes": self.tax_ids.mapped("name"),
            "untaxed": exact_amount(self.price_subtotal),
            "total": exact_amount(self.price_total),
            "settles": exact_amount(self.fusion_settled) if rating else None,
            "receipt": rating.receipt or None,
        }

    def _fusion_kind(self):
        """Return `usage`, `fee`, or `product` for what is billed once."""
        if not self.fusion_rating_id:
            return "product"
        return "usage" if self.fusion_rating_id._is_usage() else "fee"

    def _fusion_line_subscription(self):
        return self.fusion_rating_id.subscription_id or self.sale_line_ids.order_id[:1]

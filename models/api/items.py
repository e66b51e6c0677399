from odoo import models

from ...core.api import errors
from ...core.api.answer import money
from ...core.api.errors import shown
from ...core.api.payload import invalid
from ..ledger.preview import Preview
from .subscriptions import raises_invalid_state

TERMS = ("quantity", "price_unit", "discount")


class FusionBillingApiItems(models.AbstractModel):
    """The recurring fees of a subscription: an item is all that one order line shows in the course
    of time, so that its id stays.
    """

    _name = "fusion.billing.api.items"
    _description = "API: items"
    _inherit = ["fusion.billing.api.finder"]

    # === ENDPOINTS === #

    def _list(self, service, subscription_id, _values):
        subscription = self._get_subscription(service, subscription_id)
        return {
            "subscription_id": subscription.id,
            "items": self._describe_items(subscription, subscription.fusion_item_ids),
        }

    def _add(self, service, subscription_id, values):
        """Add a product, or find it if it was added so already.

        :raise Conflict: there is an item of this product with other terms
        """
        # sudo: the API may change its subscriptions in these ways, not orders at large.
        subscription = self._get_subscription(service, subscription_id).sudo()
        product = self._find_recurring(service, values)
        day = self._day_of_change(subscription, values["from"])
        line = self._find_same(subscription, product, values["quantity"], day)
        if values["preview"]:
            preview = self._preview(subscription, line, day, product, values["quantity"])
            return {"item": None, "preview": preview, "created": False}
        created = not line
        if created:
            with raises_invalid_state():
                line = subscription._fusion_add_item(
                    product, quantity=float(values["quantity"]), date=day
                )
        return {"item": self._describe_line(line), "preview": None, "created": created}

    def _change(self, service, subscription_id, item_id, values):
        """Let an item have another quantity from a day on; what holds already changes nothing.

        :raise NotFound: the subscription has no such item
        """
        # sudo: the API may change its subscriptions in these ways, not orders at large.
        subscription = self._get_subscription(service, subscription_id).sudo()
        line = self._get_item(subscription, item_id)
        self._check_quantity(values["quantity"])
        day = self._day_of_change(subscription, values["from"])
        preview = None
        if values["preview"]:
            preview = self._preview(subscription, line, day, line.product_id, values["quantity"])
        elif not self._holds(line, values["quantity"], day):
            with raises_invalid_state():
                subscription._fusion_change_item(line, quantity=float(values["quantity"]), date=day)
        return {"item": self._describe_line(line), "preview": preview}

    # === WHAT IS NAMED === #

    def _find_recurring(self, service, values):
        self._check_quantity(values["quantity"])
        if not values["quantity"]:
            raise invalid("quantity", "must be above 0")
        # sudo: the API may name products, and reads of this one whether it recurs.
        product = self._find_product(service, values).sudo()
        if not product.fusion_recurring:
            name = "product_code" if values["product_id"] is None else "product_id"
            raise invalid(name, "must name a product that recurs")
        return product

    def _get_item(self, subscription, item_id):
        line = subscription.order_line.filtered(
            lambda line: str(line.id) == item_id and line.fusion_item_ids
        )
        if not line:
            raise errors.NotFound(f"The subscription has no item {shown(item_id)}.")
        return line

    def _find_same(self, subscription, product, quantity, day):
        """Return the order line of an item of its own that is to be had already; none, if it has
        none of the product from this day on.

        :raise Conflict: it has one with another quantity, or from another day
        """
        for line in subscription.order_line.filtered(
            lambda line: line.product_id == product and not line.fusion_plan_fee_id
        ):
            chain = line.fusion_item_ids._chain().sorted("date_from")
            left = chain.filtered(lambda item: not item.date_until or item.date_until > day)
            if left and self._holds(line, quantity, day) and left[0].date_from == day:
                return line
            if left:
                raise errors.Conflict(
                    f"There is an item of this product already, with other terms: change the"
                    f" quantity of item {line.id}."
                )
        return subscription.order_line.browse()

    def _holds(self, line, quantity, day):
        """Whether a quantity is in force on a day; that it is 0, also for good."""
        chain = line.fusion_item_ids._chain()
        if not quantity:
            return all(item.date_until and item.date_until <= day for item in chain)
        item = chain._on(day)
        return bool(item) and item._read_exact(["quantity"])[item.id]["quantity"] == quantity

    def _day_of_change(self, subscription, date):
        """Return the first day of a change.

        :raise InvalidInput: `invalid_state`, the subscription does not run on it
        """
        with raises_invalid_state():
            day = subscription._fusion_day_of_change(date)
        end = subscription._fusion_timeline().end
        if end and end <= day:
            raise errors.InvalidInput(
                f"The subscription does not run on {day}: it ends on {end}.", "invalid_state"
            )
        return day

    # === PREVIEW === #

    def _preview(self, subscription, line, day, product, quantity):
        """Return what a quantity from a day on would come to; nothing is stored."""
        if line and self._holds(line, quantity, day):
            change, rows = (lambda _order: None), []
        else:
            change = self._make_change(line, day, product, float(quantity))
            preview = Preview(subscription)
            values = self._terms_of(subscription, line, product, quantity, day)
            items = preview.items_with(line, day, values)
            rows = preview.compare(day, items=items)
        with raises_invalid_state():
            before, after = (
                subscription._fusion_upcoming_documents(None, one) for one in (None, change)
            )
        return self._describe_preview(subscription, day, rows, before, after)

    def _make_change(self, line, day, product, quantity):
        def change(order):
            if line:
                order._fusion_change_item(line.with_env(order.env), quantity=quantity, date=day)
            else:
                order._fusion_add_item(product.with_env(order.env), quantity=quantity, date=day)

        return change

    def _terms_of(self, subscription, line, product, quantity, day):
        """Return the terms of an item: at the price that is agreed, or the pricelist's."""
        items = line.fusion_item_ids
        shown_by = items._on(day) or items.sorted("date_from")[-1:]
        shown_by = shown_by or subscription.order_line.new(
            {
                "order_id": subscription.id,
                "product_id": product.id,
                "product_uom_qty": float(quantity),
            }
        )
        return {
            "product_id": product,
            "quantity": quantity,
            "price_unit": shown_by.price_unit,
            "discount": shown_by.discount,
        }

    # === ANSWERS === #

    def _describe_line(self, line):
        described = self._describe_items(line.order_id, line.fusion_item_ids)
        return described[0] if described else None

    def _describe_items(self, subscription, items):
        """Return items by order line, in a fixed number of queries."""
        day = max(subscription._fusion_today(), subscription._fusion_timeline().start)
        exact = items._read_exact(TERMS)
        # sudo: apps see their subscriptions' fees, and not the plans that they come with.
        in_force = items.sudo().filtered(lambda item: item._days().days).sorted("date_from")
        in_force.product_id.mapped("name")  # all products are read at once
        return [
            {
                **self._describe_fee(line, chain[:1]),
                "quantity": exact[today.id]["quantity"] if (today := chain._on(day)) else "0",
                "currency": subscription.currency_id.name,
                "terms": [self._describe_terms(item, exact[item.id]) for item in chain],
            }
            for line, chain in sorted(
                in_force.grouped("order_line_id").items(), key=lambda one: one[0].id
            )
        ]

    def _describe_fee(self, line, item):
        return {
            "item_id": line.id,
            "product_id": item.product_id.id,
            "product_code": item.product_id.default_code or None,
            "name": item.product_id.name,
            "of_plan": bool(item.plan_fee_id),
        }

    def _describe_terms(self, item, exact):
        return {
            "from": item.date_from,
            "until": item.date_until or None,
            **exact,
            "timing": item.fee_timing,
            "prorate": item.prorate,
        }

    def _describe_preview(self, subscription, day, rows, before, after):
        places = subscription.currency_id.decimal_places
        describe = self.env["fusion.billing.api.upcoming"]._describe_document
        return {
            "from": day,
            "currency": subscription.currency_id.name,
            "amounts": [
                {
                    "period_start": row.period.start,
                    "period_end": row.period.end,
                    "description": row.name,
                    "before": money(row.before, places),
                    "after": money(row.after, places),
                    "difference": money(row.after - row.before, places),
                }
                for row in rows
                if row.before != row.after
            ],
            **{
                f"difference_{name}": money(_sum(after, name) - _sum(before, name), places)
                for name in ("untaxed", "total")
            },
            "documents": [describe(document) for document in after],
        }


def _sum(documents, name):
    """What documents come to for the customer."""
    return sum(
        -document[name] if document["type"] == "credit_note" else document[name]
        for document in documents
    )

"""Staff of a random life, at subscriptions: what they do to timelines, fees and order lines."""

from datetime import timedelta

from odoo.fields import Command

DAY = timedelta(days=1)
UNPAIDS = ("unpaid", "unpaid_usage", "unpaid_fees", "unpaid_both")


class Staff:
    """Every act is what a button, a wizard or an edit of a line does."""

    def __init__(self, world):
        self.world, self.env, self.rng = world, world.env, world.rng

    def acts(self):
        acts = (
            self.change_plan,
            self.change_plan,
            self.toggle,
            self.pause,
            self.resume,
            self.is_late,
            self.has_paid,
            self.close,
            self.reopen,
            self.keep_open,
            self.take_back,
            self.edit_line,
            self.edit_line,
            self.change_item,
            self.change_item,
            self.add_item,
            self.add_line,
            self.end_item,
            self.delete_line,
            self.order_discount,
            self.one_off,
            self.lock,
            self.update_prices,
            self.invoice_now,
            self.create_invoice,
            self.discard,
            self.edit_usage,
            self.down_payment,
        )
        return [(f"staff.{act.__name__}", act) for act in acts]

    def running(self):
        return self.world.order("3_progress", "4_paused")

    # === BEGINNING === #

    def subscribe(self):
        """A quotation with some lines, confirmed."""
        rng, catalogue = self.rng, self.world.catalogue
        partner = self.env["res.partner"].create({"name": f"Customer {len(self.world.ids)}"})
        start = self.world.day(back=40, ahead=6)
        lines = [
            {
                "product_id": product.id,
                "product_uom_qty": rng.choice((1, 1, 2, 5)),
                "discount": rng.choice((0, 0, 0, 10)),
            }
            for product in rng.sample([*catalogue.fees, *catalogue.once], rng.randrange(4))
        ]
        foreign = rng.random() < 0.15
        order = self.env["sale.order"].create(
            {
                "partner_id": partner.id,
                "fusion_plan_id": rng.choice(catalogue.plans).id,
                "fusion_start_date": start,
                "fusion_anchor_date": rng.choice((False, False, start.replace(day=1))),
                "order_line": [Command.create(line) for line in lines],
                **({"pricelist_id": catalogue.pricelist.id} if foreign else {}),
                **({"fiscal_position_id": catalogue.abroad.id} if rng.random() < 0.2 else {}),
            }
        )
        if rng.random() < 0.2:
            self.discount(order)
        order.action_confirm()
        return order

    # === TIMELINE === #

    def change_plan(self):
        order = self.running()
        if order:
            order._fusion_change_plan(self.rng.choice(self.world.catalogue.plans), self._day(order))

    def _day(self, order):
        """A day for a change: unsaid, around today, or a boundary of the open period."""
        return self.rng.choice(
            (
                None,
                self.world.day(),
                self.world.day(),
                order.fusion_next_invoice_date,
                order.fusion_last_invoice_date or order.fusion_start_date,
            )
        )

    def toggle(self):
        """Two plans in turn, day by day."""
        order = self.running()
        plans = self.rng.sample(self.world.catalogue.plans, 2)
        first = self.world.day(back=10, ahead=5)
        for number in range(self.rng.randrange(2, 6) if order else 0):
            order._fusion_change_plan(plans[number % 2], first + number * DAY)

    def pause(self):
        order = self.running()
        day = self.rng.choice((None, self.world.day(back=20)))
        until = self.world.day(back=0) if self.rng.random() < 0.4 else None
        if order:
            order._fusion_pause(day, until, discard_usage=self.rng.random() < 0.6)

    def resume(self):
        order = self.world.order("4_paused") or self.running()
        if order:
            order._fusion_resume(self.rng.choice((None, self.world.day(back=20, ahead=10))))

    def is_late(self):
        order = self.running()
        if order:
            order._fusion_pause_unpaid(self.rng.choice(UNPAIDS))

    def has_paid(self):
        order = self.world.order("4_paused")
        if order:
            order._fusion_resume_paid()

    def close(self):
        order = self.running()
        if order and self.rng.random() < 0.5:
            day = self.rng.choice((None, self.world.day()))
            order._fusion_close(
                day, discard_usage=self.rng.random() < 0.6, refund=self.rng.random() < 0.6
            )

    def discard(self):
        """Close or pause before counters that are there, and give them up."""
        order = self.running()
        if order and self.rng.random() < 0.3:
            order._fusion_close(
                self.world.day(back=25, ahead=0), discard_usage=True, refund=self.rng.random() < 0.6
            )

    def reopen(self):
        order = self.world.order("6_churn")
        if order:
            order._fusion_reopen(self.rng.choice((None, None, self.world.day())))

    def keep_open(self):
        order = self.running()
        if order:
            order._fusion_keep_open()

    def take_back(self):
        order = self.running()
        planned = order and order._fusion_planned_changes()
        if planned:
            order._fusion_take_back(planned[self.rng.randrange(len(planned))])

    # === FEES === #

    def fee_line(self, order):
        lines = order.order_line.filtered("fusion_item_ids")
        return lines.browse(self.rng.choice(lines.ids)) if lines else lines

    def _terms(self):
        return self.rng.choice(
            (
                {"quantity": self.rng.choice((0, 1, 2, 3, 7, 12))},
                {"quantity": self.rng.choice((1, 4))},
                {"price_unit": self.rng.choice((5, 20.01, 0.335))},
                {"discount": self.rng.choice((0, 10, 33.3, 100))},
            )
        )

    def edit_line(self):
        """Quantity, price or discount of a line are edited in the order's form."""
        line = self.fee_line(self.world.order())
        names = {"quantity": "product_uom_qty", "price_unit": "price_unit", "discount": "discount"}
        if line:
            line.write({names[name]: value for name, value in self._terms().items()})

    def change_item(self):
        order = self.running()
        line = self.fee_line(order)
        if line:
            order._fusion_change_item(line, date=self._day(order), **self._terms())

    def add_item(self):
        order = self.running()
        if order:
            order._fusion_add_item(
                self.rng.choice(self.world.catalogue.fees),
                self.rng.choice((1, 3)),
                date=self._day(order),
            )

    def add_line(self):
        """A line is added in the order's form: recurring or not, as its product is."""
        order = self.running()
        catalogue = self.world.catalogue
        product = self.rng.choice([*catalogue.fees, *catalogue.once])
        if order:
            order.order_line = [Command.create({"product_id": product.id, "product_uom_qty": 1})]

    def end_item(self):
        order = self.running()
        line = self.fee_line(order)
        if line:
            order._fusion_end_item(line, self._day(order))

    def delete_line(self):
        line = self.fee_line(self.world.order())
        if line and self.rng.random() < 0.3:
            line.unlink()

    # === ODOO'S OWN BUTTONS === #

    def order_discount(self):
        self.discount(self.world.order())

    def discount(self, order):
        """Odoo's discount wizard: on the lines, global, or an amount."""
        kind = self.rng.choice(("sol_discount", "so_discount", "amount"))
        self.env["sale.order.discount"].create(
            {
                "sale_order_id": order.id,
                "discount_type": kind,
                "discount_percentage": self.rng.choice((0.1, 0.05, 1.0)),
                "discount_amount": 5,
            }
        ).action_apply_discount()

    def one_off(self):
        """More, less or the delivery of what is sold once."""
        order = self.world.order()
        lines = order.order_line.filtered(
            lambda line: not line._fusion_is_engines() and not line.display_type
        )
        for line in lines[:1]:
            if line.product_id.invoice_policy == "delivery":
                line.qty_delivered = self.rng.choice((0, 1, 2, line.product_uom_qty))
            else:
                line.product_uom_qty = self.rng.choice((0, 1, 2, 4))

    def edit_usage(self):
        """Somebody tries to write what usage costs."""
        lines = self.world.order().order_line.filtered("fusion_charge_id")
        values = {"product_uom_qty": 0}, {"price_unit": 1}, {"discount": 9}
        lines[:1].write(self.rng.choice(values))

    def down_payment(self):
        order = self.running()
        if order:
            self.env["sale.advance.payment.inv"].create(
                {
                    "sale_order_ids": [Command.set(order.ids)],
                    "advance_payment_method": "fixed",
                    "fixed_amount": 10,
                }
            ).create_invoices()

    def lock(self):
        order = self.world.order()
        if order.locked:
            order.action_unlock()
        else:
            order.action_lock()

    def update_prices(self):
        self.world.order().action_update_prices()

    def invoice_now(self):
        order = self.running()
        action = order.action_fusion_invoice_now()
        if action.get("res_model") == "fusion.billing.invoice.wizard":
            order.env[action["res_model"]].browse(action["res_id"]).action_confirm()

    def create_invoice(self):
        """Odoo's own *Create Invoice*, final."""
        self.world.order()._create_invoices(final=True)

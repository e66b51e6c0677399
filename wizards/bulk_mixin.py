import logging
from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import clean_context

from ..models.base.rehearsal import rehearsal
from ..models.base.retry import RUN_AGAIN, no_alarm
from ..models.base.staff import check_staff
from ..models.catalog.price_wording import format_price

_logger = logging.getLogger(__name__)


class BulkMixin(models.AbstractModel):
    """A dialog that changes one subscription, or many of them in the same way.

    Many are changed one after the other, each as by a dialog of its own. One that cannot be is
    left as it is, and named with the reason; it never stops the others. What many come to takes a
    while to work out, so it is asked for, and kept until another answer is given.
    """

    _name = "fusion.billing.bulk.mixin"
    _description = "Change of Many Subscriptions"
    _inherit = ["fusion.billing.change.mixin"]

    #: The fields that people fill in: what all subscriptions of the dialog have in common.
    _answers = ("discard_usage",)
    #: The external id of the action that opens the dialog.
    _opened_by = None

    subscription_ids = fields.Many2many(
        "sale.order",
        string="Subscriptions",
        readonly=True,
        fixed=True,
        help="All that are changed, where they are many.",
    )
    count = fields.Integer("Number of Subscriptions", compute="_compute_count")
    shown = fields.Json(
        compute="_compute_shown",
        store=True,
        compute_sudo=False,
        help="What the preview of many says: texts, and how many counters would not be billed.",
    )

    # === HOOKS === #

    def _apply(self, order):
        """Make the change on a subscription, as another environment has it.

        :raise UserError: it cannot be made
        """

    def _finish(self, orders):
        """Do what follows on the change, such as to bill what is left."""

    # === COMPUTE METHODS === #

    @api.depends("subscription_ids")
    def _compute_count(self):
        for wizard in self:
            wizard.count = len(wizard.subscription_ids) or 1

    @api.depends(lambda self: self._answers)
    def _compute_shown(self):
        """Forget what was worked out with other answers."""
        self.shown = False

    @api.depends(lambda self: (*self._answers, "shown"))
    @api.depends_context("lang")
    def _compute_preview(self):
        many = self.filtered("subscription_ids")
        super(BulkMixin, self - many)._compute_preview()
        for wizard in many:
            wizard.preview = bool(wizard.shown) and self.env["ir.qweb"]._render(
                "fusion_billing.bulk_preview", wizard.shown
            )

    @api.depends(lambda self: (*self._answers, "shown"))
    def _compute_lost_count(self):
        many = self.filtered("subscription_ids")
        super(BulkMixin, self - many)._compute_lost_count()
        for wizard in many:
            wizard.lost_count = (wizard.shown or {}).get("lost", 0)

    # === ACTIONS === #

    def _preview(self):
        """Work out what all of the subscriptions come to, and show it."""
        self.ensure_one()
        orders = self._chosen()
        check_staff(orders)
        orders._fusion_check_few()
        self.shown = self._look(orders)
        action = self.env["ir.actions.actions"]._for_xml_id(self._opened_by)
        return dict(action, res_id=self.id, views=[(False, "form")])

    def _confirm(self):
        """Change all of them, and tell whom not."""
        self.ensure_one()
        orders = self._chosen()
        check_staff(orders)
        if not self.subscription_ids:
            self._apply(orders)
            self._finish(orders)
            return self._done()
        orders._fusion_check_few()
        # What the preview leaves out stays as it is, also where only its document is unclear.
        told = {row["id"]: row["reason"] for row in (self.shown or {}).get("refused", ())}
        refused = {order: told[order.id] for order in orders if order.id in told}
        wanted = orders.filtered(lambda order: order.id not in told)
        if not self._change_all(wanted):
            refused |= wanted._fusion_try_each(self._change_one)
        return orders._fusion_tell_refused(refused) if refused else self._done()

    def _change_all(self, orders):
        """Change all of them and bill them together, as the preview has it, or none; return
        whether it went well.
        """
        self.env.cr.flush()  # what fails of this is nobody's failure
        try:
            with no_alarm(), self.env.cr.savepoint():
                for order in orders:
                    self._for(order)._apply(order)
                self._finish(orders)
        except RUN_AGAIN:
            raise
        except Exception as error:
            # It is met again, and told, by the one it belongs to.
            _logger.info("%s subscriptions are changed one by one: %s", len(orders), error)
            return False
        return True

    def _change_one(self, order):
        one = self._for(order)
        one._apply(order)
        one._finish(order)

    # === ONE OF MANY === #

    def _chosen(self):
        """Return the subscriptions that are changed."""
        return self.subscription_ids._origin or self.subscription_id._origin

    def _for(self, order, answers=None):
        """Return a dialog for one of the subscriptions, with the same answers.

        :param order: in the environment in which the dialog is to be
        :param dict answers: those of `_given`, where they cannot be read any more
        """
        answers = self._given() if answers is None else answers
        # What the dialog was opened with is about all of them.
        dialogs = order.env[self._name].with_context(clean_context(order.env.context))
        return dialogs.new({**answers, "subscription_id": order.id})

    def _given(self):
        """Return what was filled in, in plain values."""
        given = {name: self[name] for name in self._answers if self[name]}
        return {
            name: value._origin.id if isinstance(value, models.BaseModel) else value
            for name, value in given.items()
        }

    # === PREVIEW === #

    def _look(self, orders):
        """Return what the template shows of these subscriptions, in plain values."""
        answers = self._given()
        refused = self._rehearse(orders, answers)
        sides = [self._documents(orders, refused, given) for given in (None, answers)]
        changed = orders.filtered(lambda order: order not in refused)
        sides = [[doc for doc in side if _is_of(doc, changed)] for side in sides]
        return {
            "count": len(changed),
            "chosen": len(orders),
            "lost": sum(
                self._for(order).lost_count for order in orders if order._fusion_is_running()
            ),
            "totals": self._totals(*sides),
            "rows": self._rows(changed, *sides),
            "refused": [
                {"id": order.id, "name": order.display_name, "reason": reason}
                for order, reason in refused.items()
            ],
        }

    def _rehearse(self, orders, answers):
        """Return which of the subscriptions cannot be changed, and why."""
        # sudo: what becomes of them does not depend on who looks.
        with rehearsal(orders.sudo()) as rehearsed:
            refused = rehearsed._fusion_try_each(
                lambda order: self._for(order, answers)._apply(order)
            )
        return {orders.browse(order.id): reason for order, reason in refused.items()}

    def _documents(self, orders, refused, answers):
        """Return the next documents of the subscriptions that can be changed.

        :param dict refused: why not; is told of those whose documents cannot be worked out
        :param dict answers: how they are changed before; None: not at all
        """
        documents = []
        orders = orders.filtered(lambda order: order not in refused)
        for day, some in orders.grouped(lambda order: self._billed_with(order, answers)).items():
            found, unclear = self._work_out(some, day, answers)
            documents += found
            refused.update(unclear)
        return documents

    def _work_out(self, orders, day, answers):
        """Return the documents of these subscriptions, and why some have none that can be known."""
        try:
            return self._try_documents(orders, day, answers), {}
        except RUN_AGAIN:
            raise
        except Exception as error:
            # It is met again, and told, by the one it belongs to.
            _logger.info("%s subscriptions are previewed one by one: %s", len(orders), error)
        found = []
        unclear = orders._fusion_try_each(
            lambda order: found.extend(self._try_documents(order, day, answers))
        )
        return found, unclear

    def _billed_with(self, order, answers):
        return None if answers is None else self._for(order, answers)._billed_until()

    def _try_documents(self, orders, day, answers):
        def change(rehearsed):
            for order in rehearsed:
                self._for(order, answers)._apply(order)

        return orders._fusion_upcoming_documents(day, None if answers is None else change)

    def _totals(self, *sides):
        """Return what the documents come to, now and then, by currency: texts."""
        currencies = self.env["res.currency"].browse(
            dict.fromkeys(document["currency_id"] for side in sides for document in side)
        )
        rows = []
        for currency in currencies:
            now, then = (
                sum((_signed(doc) for doc in side if doc["currency_id"] == currency.id), Decimal(0))
                for side in sides
            )
            amounts = (now, then, then - now)
            rows.append((currency.name, *(format_price(self.env, x, currency) for x in amounts)))
        return rows

    def _rows(self, orders, *sides):
        """Return what each subscription, or those that share documents, gets now and then."""
        together = {order.id: {order.id} for order in orders}
        for document in (document for side in sides for document in side):
            ids = document["subscription_ids"]
            shared = set().union(*(together.get(order_id, {order_id}) for order_id in ids))
            together.update(dict.fromkeys(shared, shared))
        groups = {frozenset(ids): ids for ids in together.values()}
        return [self._row(orders.browse(sorted(ids)), sides) for ids in groups.values()]

    def _row(self, orders, sides):
        """Return the names of subscriptions, of their customer, and their documents as texts."""
        documents = ([self._amount(doc) for doc in side if _is_of(doc, orders)] for side in sides)
        customer = orders[:1].partner_id.display_name
        return ", ".join(orders.mapped("name")), customer, *map("\n".join, documents)

    def _amount(self, document):
        currency = self.env["res.currency"].browse(document["currency_id"])
        return format_price(self.env, _signed(document), currency)


def _is_of(document, orders):
    return not set(document["subscription_ids"]).isdisjoint(orders.ids)


def _signed(document):
    return -document["total"] if document["type"] == "credit_note" else document["total"]

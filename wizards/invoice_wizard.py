import json
from datetime import date, datetime
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date, format_datetime

from ..core.api.answer import write_json
from ..models.base.staff import check_staff
from ..models.base.wording import format_quantity
from ..models.catalog.price_wording import format_price

LIMIT = 100  # subscriptions whose documents are shown and made in one transaction
OPEN = 3  # documents whose lines are shown without a click


class InvoiceWizard(models.TransientModel):
    """Shows the documents that subscriptions will get, and makes exactly these."""

    _name = "fusion.billing.invoice.wizard"
    _description = "Invoice Subscriptions"
    _inherit = ["fusion.billing.owned.mixin"]

    subscription_ids = fields.Many2many(
        "sale.order", string="Subscriptions", required=True, readonly=True, fixed=True
    )
    moment = fields.Selection(
        [("now", "Now"), ("period", "At the End of the Billing Period")],
        required=True,
        readonly=True,
        default="now",
        help="What is billed: what is due by today, or what will be once the period is over.",
    )
    shown = fields.Json(compute="_compute_shown", store=True, precompute=True, compute_sudo=False)
    is_changed = fields.Boolean(
        readonly=True, help="Something was due in addition, or not any more, when it was confirmed."
    )
    preview = fields.Html("Documents", compute="_compute_preview", sanitize=False)

    # === COMPUTE METHODS === #

    @api.depends("subscription_ids")
    def _compute_shown(self):
        """Look once, when the dialog is opened: what was shown is what is confirmed."""
        for wizard in self:
            wizard.shown = wizard._look(wizard.moment)

    @api.depends("shown")
    @api.depends_context("lang")
    def _compute_preview(self):
        for wizard in self:
            documents = [wizard._prepare(document) for document in wizard.shown or ()]
            wizard.preview = self.env["ir.qweb"]._render(
                "fusion_billing.upcoming_documents",
                {"documents": documents, "is_open": len(documents) <= OPEN},
            )

    def _look(self, moment):
        """Return the documents that would be made, as JSON holds them."""
        orders = self.subscription_ids._origin
        orders.check_access("read")
        if len(orders) > LIMIT:
            raise UserError(
                self.env._(
                    "You cannot invoice more than %s subscriptions at once here: choose fewer. The"
                    " scheduled action invoices all that are due.",
                    LIMIT,
                )
            )
        for document in (documents := self._work_out(orders, moment)):
            for line in document["lines"]:
                line.pop("receipt", None)
        return json.loads(write_json(documents))

    def _work_out(self, orders, moment):
        """Return the documents of these subscriptions.

        :raise UserError: some of them cannot be invoiced: it names them, and says why
        """
        name = "_fusion_documents_now" if moment == "now" else "_fusion_upcoming_documents"
        try:
            return getattr(orders, name)()
        except UserError:
            refused = orders._fusion_try_each(lambda order: getattr(order, name)())
            if len(orders) == 1 or not refused:
                raise
            raise UserError(
                self.env._(
                    "You cannot invoice these. Choose the others, or mend them first:\n%s",
                    "\n".join(f"{order.name}: {reason}" for order, reason in refused.items()),
                )
            ) from None

    # === ACTIONS === #

    def action_confirm(self):
        """Make the documents that are shown; if others are due by now, show these instead."""
        self.ensure_one()
        check_staff(self.subscription_ids)
        due = self._look("now")
        if due != self.shown:
            self.write({"moment": "now", "shown": due, "is_changed": True})
            return self._open()
        return self.subscription_ids._fusion_open_invoices(
            self.subscription_ids._fusion_invoice_now()
        )

    def _open(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Invoice Now")
            if self.moment == "now"
            else self.env._("Next Invoice"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
        }

    # === PREVIEW === #

    def _prepare(self, document):
        """Return a document as the template shows it; all numbers and days are texts."""
        currency = self.env["res.currency"].browse(document["currency_id"])

        def money(text):
            return format_price(self.env, Decimal(text), currency)

        orders = self.env["sale.order"].browse(document["subscription_ids"])
        return {
            "is_credit": document["type"] == "credit_note",
            "customer": self.env["res.partner"].browse(document["partner_id"]).display_name,
            "subscriptions": ", ".join(orders.mapped("name")),
            "day": format_date(self.env, date.fromisoformat(document["invoice_date"])),
            "held_until": document["held_until"] and self._format_moment(document["held_until"]),
            "lines": [self._prepare_line(line, money) for line in document["lines"]],
            **{name: money(document[name]) for name in ("untaxed", "tax", "total")},
        }

    def _prepare_line(self, line, money):
        if line["kind"] == "section":
            return {"section": line["name"]}
        title, _newline, details = line["name"].partition("\n")
        return {
            "section": None,
            "title": title,
            "details": details,
            "quantity": format_quantity(self.env, Decimal(line["quantity"])),
            "price": money(line["price_unit"]),
            "discount": Decimal(line["discount"])
            and format_quantity(self.env, Decimal(line["discount"])),
            "taxes": ", ".join(line["taxes"]),
            "untaxed": money(line["untaxed"]),
        }

    def _format_moment(self, text):
        return format_datetime(self.env, datetime.fromisoformat(text.rstrip("Z")))

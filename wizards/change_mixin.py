from decimal import Decimal

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date, groupby, plaintext2html

from ..models.base.staff import check_staff
from ..models.base.wording import format_period
from ..models.catalog.price_wording import format_price
from ..models.ledger.preview import Preview


class ChangeMixin(models.AbstractModel):
    """What all dialogs that change a subscription have in common: they show what it comes to."""

    _name = "fusion.billing.change.mixin"
    _description = "Change of a Subscription"
    _inherit = ["fusion.billing.owned.mixin"]

    subscription_id = fields.Many2one(
        "sale.order", required=True, readonly=True, ondelete="cascade"
    )
    preview = fields.Html(
        "What It Comes To", compute="_compute_preview", sanitize=False, compute_sudo=False
    )
    lost_count = fields.Integer(
        "Counters Not Billed",
        compute="_compute_lost_count",
        help="Accepted usage that the subscription would not be billed for any more.",
    )
    discard_usage = fields.Boolean("Discard These Counters")

    # === HOOKS === #

    def _timeline(self):
        """Return the timeline that the subscription would have, or None while that is unclear."""

    def _first_day(self):
        """Return the first day on which anything changes, or False."""

    def _items(self, _preview):
        """Return the recurring fees that the subscription would have; None: the timeline's."""

    def _terms(self):
        """Return what is agreed, now and then: `[(label, now, then)]`, all of them texts."""
        return []

    def _change(self, order):
        """Make the change on the subscription, as another environment has it."""
        order._fusion_change_timeline(self._timeline(), discard_usage=True)

    def _billed_until(self):
        """Return the day until which the change itself has everything billed, or None."""

    # === COMPUTE METHODS: EACH DIALOG SAYS WHAT THEY DEPEND ON === #

    def _compute_preview(self):
        for wizard in self:
            try:
                wizard.preview = wizard.subscription_id and wizard._render_preview()
            except UserError as error:
                wizard.preview = plaintext2html(str(error))

    def _compute_lost_count(self):
        for wizard in self:
            order, timeline = wizard.subscription_id, wizard._timeline()
            wizard.lost_count = timeline and order._fusion_count_lost_usage(
                order._fusion_timeline(), timeline
            )

    # === PREVIEW === #

    def _render_preview(self):
        timeline, day = self._timeline(), self._first_day()
        if not timeline or not day:
            return False
        preview = Preview(self.subscription_id)
        rows = preview.compare(day, timeline, self._items(preview))
        return self.env["ir.qweb"]._render(
            "fusion_billing.change_preview",
            {
                "terms": [(label, *both) for label, *both in self._terms() if both[0] != both[1]],
                "documents": self._prepare_documents(),
                "periods": [
                    self._prepare_period(period, rows)
                    for period, rows in groupby(rows, key=lambda row: row.period)
                ],
            },
        )

    def _prepare_documents(self):
        """Return the next documents, now and then: pairs of day and total with taxes, as texts.

        They are made, and taken back: not where nothing can be written.
        """
        if self.env.cr.readonly:
            return None
        order = self.subscription_id._origin
        today = order._fusion_today()
        return [
            [
                # What the change itself has billed is dated today, whatever it is for.
                (
                    format_date(self.env, today if day else document["invoice_date"]),
                    self._total(document),
                )
                for document in order._fusion_upcoming_documents(day, change)
            ]
            for change, day in ((None, None), (self._change, self._billed_until()))
        ]

    def _total(self, document):
        sign = -1 if document["type"] == "credit_note" else 1
        return self._money(sign * document["total"])

    def _prepare_period(self, period, rows):
        """Return a billing period as the template shows it; all numbers are formatted texts."""
        before = sum((row.before for row in rows), Decimal(0))
        after = sum((row.after for row in rows), Decimal(0))
        return {
            "name": format_period(self.env, *period),
            "rows": [(row.name, *map(self._money, row[2:])) for row in rows],
            "before": self._money(before),
            "after": self._money(after),
            "difference": self._money(after - before),
        }

    def _money(self, amount):
        currency = self.subscription_id.currency_id
        return format_price(
            self.env, amount.quantize(Decimal(1).scaleb(-currency.decimal_places)), currency
        )

    # === HELPERS === #

    def _check_staff(self):
        self.ensure_one()
        check_staff(self.subscription_id)

    def _done(self):
        return {"type": "ir.actions.act_window_close"}

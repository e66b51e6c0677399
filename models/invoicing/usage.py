from odoo import api, fields, models
from odoo.tools import format_date

from ..base.staff import check_staff


class FusionBillingUsage(models.Model):
    """What became of a counter, in words: the ledger's row, its documents, its correction."""

    _inherit = "fusion.billing.usage"

    document_ids = fields.Many2many(
        "account.move", string="Documents", compute="_compute_billing", compute_sudo=True
    )
    billing = fields.Text(
        compute="_compute_billing",
        compute_sudo=True,
        help="Where this counter is billed, or why it is not.",
    )

    @api.depends("rating_ids", "quantity", "correction_ids")
    @api.depends_context("lang")
    def _compute_billing(self):
        for counter in self:
            counter.document_ids = _lines(counter.rating_ids).move_id
            # A form that is being edited goes on saying what became of the counter as it is.
            stored = counter._origin
            counter.billing = bool(stored) and stored._explain_billing()

    # === ACTIONS === #

    def action_view_ratings(self):
        """Open the rows of the ledger that this counter is on."""
        self.ensure_one()
        check_staff(self, "read")
        action = self.env["ir.actions.actions"]._for_xml_id(
            "fusion_billing.fusion_billing_rating_action"
        )
        return _open(action, self.rating_ids)

    def action_view_documents(self):
        """Open the documents on which its rows are."""
        self.ensure_one()
        check_staff(self, "read")
        action = self.env["ir.actions.actions"]._for_xml_id("account.action_move_out_invoice_type")
        return _open(action, self.document_ids)

    # === WORDS === #

    def _explain_billing(self):
        self.ensure_one()
        if not self.rating_ids:
            sentences = [self._explain_no_rating()]
        else:
            sentences = [self._explain_rating(rating) for rating in self.rating_ids]
            if self._waits():
                sentences.append(self._explain_change(self.subscription_id))
        return " ".join(filter(None, [*sentences, self._explain_correction()]))

    def _explain_rating(self, rating):
        name, order = rating.display_name, rating.subscription_id
        if _lines(rating):
            return self._explain_documents(rating)
        if rating.waived:
            return self.env._(
                "It counts in %(rating)s, which staff waived: %(reason)s.",
                rating=name,
                reason=rating.waive_reason,
            )
        if not rating.due:
            return self._explain_free(rating)
        if rating.bill_on > order._fusion_today():
            return self.env._(
                "It counts in %(rating)s, which is billed when the period is over, on %(day)s.",
                rating=name,
                day=format_date(self.env, rating.bill_on),
            )
        if order.fusion_error:
            return self.env._(
                "It counts in %(rating)s, which is due, but cannot be billed: %(problem)s",
                rating=name,
                problem=order.fusion_error,
            )
        return self.env._("It counts in %s, which is due: the next run bills it.", name)

    def _explain_free(self, rating):
        if rating.billable_quantity:
            return self.env._("It counts in %s, which costs nothing.", rating.display_name)
        return self.env._(
            "It counts in %s, which costs nothing: all of it is included.", rating.display_name
        )

    def _explain_documents(self, rating):
        moves = _lines(rating).move_id.sorted("id")
        sentence = self.env._(
            "It counts in %(rating)s, which is on %(documents)s.",
            rating=rating.display_name,
            documents=", ".join(moves.mapped("display_name")),
        )
        if not rating.due:
            return sentence
        later = self.env._("A difference is due, and comes on the next document.")
        return f"{sentence} {later}"

    def _explain_change(self, order):
        if order.fusion_error_step == "rating":
            return self.env._(
                "What changed since waits to be rated, which fails: %s", order.fusion_error
            )
        return self.env._("What changed since waits to be rated, which is done every hour.")

    def _explain_correction(self):
        last = self.correction_ids[:1]
        return bool(last) and self.env._(
            "%(who)s corrected it on %(day)s.",
            who=last.source,
            day=format_date(self.env, last.create_date),
        )


def _lines(ratings):
    return ratings.invoice_line_ids.filtered(lambda line: line.parent_state != "cancel")


def _open(action, records):
    """Open one record, or a list of several."""
    action = dict(action, context={"create": False}, domain=[("id", "in", records.ids)])
    if len(records) == 1:
        action |= {"views": [(False, "form")], "res_id": records.id}
    return action

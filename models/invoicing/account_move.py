from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain

from ..base.engine import as_engine, given, is_engine

BATCH = 100


class AccountMove(models.Model):
    """Documents of subscriptions: what they bill, and drafts that wait for late counters.

    Cancelling, deleting, resetting and posting again need no code: what a document settles is
    what its lines say while it is not cancelled (L2, L3).
    """

    _name = "account.move"
    _inherit = ["account.move", "fusion.billing.technical.mixin"]

    fusion_bill_on = fields.Date(
        "Billing Date",
        copy=False,
        readonly=True,
        help="The day from which what this document bills was due.",
    )
    fusion_post_at = fields.Datetime(
        "Held Until",
        copy=False,
        readonly=True,
        index="btree_not_null",
        help="Until then late usage still lands in this draft; then it is posted.",
    )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        self._fusion_check_own(given(self._fusion_own_fields(), self.env, vals_list))
        return super().create(vals_list)

    def write(self, vals):
        self._fusion_check_own(vals.keys())
        return super().write(vals)

    @api.model
    def _fusion_own_fields(self):
        """Return the names of the fields that the engine alone writes."""
        return {"fusion_bill_on", "fusion_post_at", "fusion_included"}

    def _fusion_check_own(self, names):
        """Refuse to let anybody say when a document was due or is posted: the plan says it."""
        if names & self._fusion_own_fields() and not is_engine(self.env):
            raise UserError(
                self.env._(
                    "You cannot write what date a document is for, what was included, until when"
                    " it is held, nor whether apps know of it: post it if it shall wait no longer."
                )
            )

    def button_draft(self):
        self._fusion_check_not_billed_again()
        result = super().button_draft()
        # Whoever resets an invoice posts it again; waiting for late counters is over.
        as_engine(self.filtered("fusion_post_at")).fusion_post_at = False
        return result

    # === WHAT A DOCUMENT IS FOR === #

    def _fusion_subscriptions(self):
        """Return the subscriptions that these documents bill."""
        # sudo: who works on invoices need not see subscriptions.
        lines = self.sudo().invoice_line_ids
        orders = lines.fusion_rating_id.subscription_id | lines.sale_line_ids.order_id
        return orders.filtered("fusion_phase_ids").sudo(self.env.su)

    def _fusion_subscription(self):
        """Return the subscription that this document bills; the first one if it bills several."""
        return self._fusion_subscriptions()[:1]

    # === CANCELLED DOCUMENTS === #

    def _fusion_check_not_billed_again(self):
        """Refuse to bring back what was billed again since it was cancelled."""
        # sudo: who resets an invoice need not see the ledger.
        lines = self.filtered(lambda move: move.state == "cancel").sudo().invoice_line_ids
        rated = lines.filtered("fusion_rating_id").grouped("fusion_rating_id")
        one_offs = (lines - lines.filtered("fusion_rating_id")).filtered(
            lambda line: line.sale_line_ids.order_id.fusion_plan_id
        )
        if any(_is_settled_otherwise(rating, rows) for rating, rows in rated.items()) or any(
            line._fusion_is_billed_otherwise() for line in one_offs
        ):
            raise UserError(
                self.env._(
                    "You cannot reset this invoice to draft: its lines have been billed again."
                    " Create a credit note instead."
                )
            )

    # === HELD DRAFTS === #

    @api.model
    def _fusion_sets_held(self, companies):
        """Return the drafts whose time has come, in sets: pairs of how to post and which."""
        has_come = companies._fusion_domain_at(
            lambda company: company._fusion_now(), lambda now: Domain("fusion_post_at", "<=", now)
        )
        held = self.search(Domain("state", "=", "draft") & has_come)
        return [
            (self._fusion_post_unless_busy, held[offset : offset + BATCH])
            for offset in range(0, len(held), BATCH)
        ]

    @api.model
    def _fusion_post_unless_busy(self, moves):
        """Post drafts, unless somebody is at work on a subscription that they bill."""
        moves.exists()._fusion_leave_to_staff()
        moves.exists()._fusion_subscriptions()._fusion_try_lock()._fusion_attempt(
            "invoicing", lambda orders: moves.exists()._fusion_post_held(orders)
        )

    def _fusion_post_held(self, orders):
        """Rate what came in since these drafts were made, in the same transaction, and post them.

        :param orders: the subscriptions that are locked: drafts of others are left alone
        """
        self.env["fusion.billing.rating"]._rate_requested(orders)
        held = self.filtered(
            lambda move: (
                move.state == "draft"
                and move.fusion_post_at
                and move._fusion_subscriptions() <= orders
            )
        )
        as_engine(held).fusion_post_at = False
        held._fusion_list_included()
        held._fusion_follow_sign()  # staff may have edited them
        as_engine(held).action_post()

    def _fusion_leave_to_staff(self):
        """Hold drafts no longer that bill no subscription any more: staff emptied them."""
        emptied = self.filtered(lambda move: not move._fusion_subscriptions())
        as_engine(emptied).fusion_post_at = False

    def _fusion_follow_sign(self):
        """Turn drafts that came to less than zero into credit notes, or back into invoices."""
        negative = self.filtered(lambda move: move.amount_total < 0 and not move.posted_before)
        if negative:
            as_engine(negative).action_switch_move_type()
            as_engine(negative)._fusion_read_forwards()

    def _fusion_read_forwards(self):
        """Let quantities be what was used or had, and prices have the sign: turning a document
        turns its quantities, and nobody had less than none of something.

        One-off lines keep the quantity that their order line is billed by.
        """
        for move in self:
            backwards = move.invoice_line_ids.filtered(
                lambda line: line.fusion_rating_id and line.quantity < 0
            )
            move.invoice_line_ids = [
                Command.update(
                    line.id, {"quantity": -line.quantity, "price_unit": -line.price_unit}
                )
                for line in backwards
            ]


class AccountMoveLine(models.Model):
    """Whether a cancelled line could come back."""

    _inherit = "account.move.line"

    def _fusion_is_billed_otherwise(self):
        """Whether a one-off line of a cancelled document would be billed twice with it."""
        self.ensure_one()
        line = self.sale_line_ids.filtered(lambda line: not line.display_type)[:1]
        is_given_away = self.fusion_conceded or self.fusion_waived
        if not line or line.is_downpayment or line._fusion_engines() or is_given_away:
            return False
        quantity = self._fusion_sign() * self.quantity
        return not _covers(line.qty_to_invoice, quantity)


def _is_settled_otherwise(rating, lines):
    """Whether other documents settle what the lines of a cancelled one would settle again."""
    return bool(rating.settled) and not _covers(rating.due, sum(lines.mapped("fusion_settled")))


def _covers(left, wanted):
    """Whether what is left holds what is wanted, of the same sign."""
    return abs(left) >= abs(wanted) and left * wanted >= 0

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..base.clock import now
from ..base.retry import lock_in_turn
from ..base.staff import check_staff
from .attempt import UNKNOWN

ACTIVITY = "fusion_billing.mail_activity_type_unknown_charge"
# How long staff wait for the provider before they decide what became of an attempt.
WAIT = timedelta(days=1)


class FusionBillingCollectionAttempt(models.Model):
    """What staff decide: what became of an attempt of which nothing is heard."""

    _inherit = "fusion.billing.collection.attempt"

    can_decide = fields.Boolean("Can Be Decided", compute="_compute_can_decide")

    @api.depends("state", "sent_at")
    def _compute_can_decide(self):
        for attempt in self:
            attempt.can_decide = attempt.state == UNKNOWN and attempt.sent_at < now() - WAIT

    def action_was_charged(self):
        """Take the customer for charged: staff have seen it at the provider."""
        for attempt in self._to_decide():
            transaction = attempt.transaction_id
            attempt.is_unanswered = False
            transaction._set_done()
            transaction._post_process()
            attempt._log_decision(attempt._say_done())

    def action_was_not_charged(self):
        """Take the customer for not charged: staff have seen it at the provider."""
        for attempt in self._to_decide():
            message = attempt._say_not_done()
            attempt.is_unanswered = False
            attempt.transaction_id._fusion_was_not_charged(message)
            attempt._log_decision(message)

    def _say_done(self):
        return self.env._("%s says that it was charged.", self.env.user.name)

    def _say_not_done(self):
        return self.env._("%s says that it was not charged.", self.env.user.name)

    def _to_decide(self):
        """Return these attempts, locked, for staff to decide.

        :raise UserError: the provider may still say it
        """
        check_staff(self, "read")
        # sudo: attempts are written by the engine alone.
        attempts = self.sudo()
        lock_in_turn(attempts)
        if not all(attempts.mapped("can_decide")):
            raise UserError(
                self.env._(
                    "You can only say what became of an attempt whose outcome is unknown for a"
                    " day: until then the provider may tell."
                )
            )
        return attempts

    def _log_decision(self, message):
        self.invoice_id._message_log(body=f"{self.reference}: {message}")

    # === ACTIVITY === #

    def _follow_activities(self):
        """Have one billing manager look at each invoice whose charge is unknown for a day."""
        searched = Domain("activity_ids.activity_type_id", "=", self.env.ref(ACTIVITY).id)
        asked = self.env["account.move"].search(searched)
        undecided = self.search(
            Domain("state", "=", UNKNOWN) & Domain("sent_at", "<", now() - WAIT)
        )
        (asked - undecided.invoice_id).activity_unlink([ACTIVITY])
        for attempt in undecided.filtered(lambda attempt: attempt.invoice_id not in asked):
            attempt.invoice_id.activity_schedule(
                ACTIVITY,
                summary=attempt._summary(),
                note=self.env._("Its reference is %s.", attempt.reference),
                user_id=attempt._responsible().id,
            )

    def _summary(self):
        """Return what staff are asked; that of the type of activity, if empty."""
        return ""

    def _responsible(self):
        managers = self.env.ref("fusion_billing.group_manager").all_user_ids
        candidates = managers.filtered(
            lambda user: user.active and self.company_id in user.company_ids
        )
        return candidates[:1] or self.env.user

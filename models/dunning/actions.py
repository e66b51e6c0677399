from odoo import models
from odoo.exceptions import ConcurrencyError, UserError
from odoo.tools import format_date, plaintext2html

from ...core.money.timeline import UNPAID, UNPAID_BOTH, UNPAID_FEES, UNPAID_USAGE
from ..base.retry import lock_in_turn
from ..collection.attempt import COLLECT
from ..subscription.sale_order_timeline import UsageAfterEnd
from .step import CLOSE, MAIL, PAUSE, REMIND, RETRY, TELL

ACTIVITY = "fusion_billing.mail_activity_type_dunning"
STATES = {
    (False, False): UNPAID,
    (True, False): UNPAID_USAGE,
    (False, True): UNPAID_FEES,
    (True, True): UNPAID_BOTH,
}


class FusionBillingDunningCase(models.Model):
    """What each kind of step does. Each says in a sentence what it did."""

    _inherit = "fusion.billing.dunning.case"

    def _act(self, step):
        """Do what a step says.

        :return: what was done, a sentence
        :raise UserError: it cannot be done
        """
        work = {
            RETRY: self._retry,
            MAIL: self._mail,
            TELL: self._tell,
            REMIND: self._remind,
            PAUSE: self._pause,
            CLOSE: self._close_subscriptions,
        }
        return work[step.action](step)

    # === CHARGING AGAIN === #

    def _retry(self, _step):
        """Charge what is overdue to the saved payment methods, the oldest first."""
        lock_in_turn(self.late_invoice_ids)
        reasons = {invoice: self._why_not(invoice) for invoice in self.late_invoice_ids}
        tried = self.late_invoice_ids.filtered(lambda invoice: not reasons[invoice])
        for invoice in tried:
            self.env["fusion.billing.collection.attempt"]._plan(invoice, invoice._fusion_token())
        if not tried:
            return " ".join(dict.fromkeys(reasons.values()))
        self.env.ref(COLLECT)._trigger()
        return self.env._("Charged again: %s", ", ".join(tried.mapped("name")))

    def _why_not(self, invoice):
        """Say why an invoice is not charged again; nothing if it is."""
        token = invoice._fusion_token()
        if not invoice._fusion_collects():
            return self.env._("Nothing was charged: invoices are paid by hand.")
        if invoice._fusion_collect_on() > self.company_id._fusion_today():
            return self.env._("Nothing was charged: the day set for charging has not come.")
        if invoice._fusion_is_being_paid() or invoice._fusion_open_attempts():
            return self.env._("Nothing was charged: it is being paid.")
        if not token:
            return self.env._("Nothing was charged: no payment method is saved.")
        if token._fusion_is_declined_for_good():
            return self.env._("Nothing was charged: the payment method was declined for good.")
        return None

    # === TELLING === #

    def _mail(self, step):
        """Send one e-mail about all that is overdue."""
        address = self._mail_to()
        if not address.email:
            raise UserError(self.env._("Not sent: %s has no e-mail address.", address.display_name))
        self._send(step.template_id, address)
        return self.env._(
            "%(template)s was sent to %(address)s.",
            template=step.template_id.name,
            address=address.email,
        )

    def _send(self, template, address):
        """:raise UserError: what somebody wrote into the template cannot be worked out"""
        try:
            template.send_mail(self.id, email_values={"recipient_ids": [(6, 0, address.ids)]})
        except UserError as error:
            # Core tells the whole template, and how the program came to it.
            reason = " ".join(str(error.__cause__ or error).split())
            raise UserError(
                self.env._(
                    "Not sent: correct the template %(template)s. %(reason)s",
                    template=template.name,
                    reason=reason,
                )
            ) from error

    def _mail_to(self):
        """Return who gets e-mails about what is overdue: the customer's invoice address."""
        self.ensure_one()
        return self.partner_id.browse(self.partner_id.address_get(["invoice"])["invoice"])

    def _tell(self, _step):
        """Tell the apps that the customer is late."""
        self._tell_apps("customer.overdue")
        return self.env._("The customer's apps were told.")

    def _tell_apps(self, event_type):
        """Tell the customer's apps something about this case: webhooks do."""

    def _remind(self, step):
        """Ask somebody to look at the customer."""
        note = step.note or self.env._("Talk to the customer: what is overdue is not paid.")
        self._ask_staff(note)
        return note

    def _ask_staff(self, note):
        self.activity_schedule(
            ACTIVITY,
            note=plaintext2html(f"{note}\n{self._describe()}"),
            user_id=self._responsible().id,
        )

    def _responsible(self):
        """Return who is asked: as the policy says, or the salesperson, or a billing manager.

        Nobody is asked who cannot open the case.
        """
        users = self.policy_id.user_id | self.partner_id.user_id
        reached = users.filtered(lambda user: user.active and self._is_seen_by(user))
        managers = self.env["sale.order"]._fusion_managers_of(self.company_id)
        return (reached | managers)[:1] or self.env.user

    def _is_seen_by(self, user):
        return self.company_id in user.company_ids and user.has_group("fusion_billing.group_user")

    # === SUBSCRIPTIONS === #

    def _pause(self, step):
        """Pause the subscriptions that the overdue invoices bill."""
        state = STATES[step.takes_usage, self.policy_id.owes_fees]
        try:
            days = {order: order._fusion_pause_unpaid(state) for order in self._subscriptions()}
        except UsageAfterEnd as error:
            raise ConcurrencyError("Counters have just come in: the next run sees them.") from error
        paused = [self._name_from(order, day) for order, day in days.items() if day]
        if not paused:
            return self.env._("Nothing was to be paused.")
        return self.env._("Paused: %s", ", ".join(paused))

    def _close_subscriptions(self, _step):
        """Close the subscriptions that the overdue invoices bill; what is left is billed."""
        running = self._subscriptions().filtered(lambda order: order._fusion_is_running())
        closed = [self._name_from(order, order._fusion_end()) for order in running]
        if not closed:
            return self.env._("Nothing was to be closed.")
        return self.env._("Closed: %s", ", ".join(closed))

    def _resume_subscriptions(self):
        """Let go on whatever is paused for non-payment."""
        for order in self._paused():
            order._fusion_resume_paid()

    def _name_from(self, order, day):
        return self.env._(
            "%(subscription)s from %(day)s", subscription=order.name, day=self._format(day)
        )

    def _format(self, day):
        return format_date(self.env, day)

from datetime import timedelta
from typing import NamedTuple

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ..base.clock import now
from ..base.cron import commit_progress
from ..base.engine import as_engine
from ..base.retry import no_alarm
from .transitions import not_emitted, watch, watch_new

OVERDUE_BATCH = 100
HELD_FOR = timedelta(minutes=5)


class Facts(NamedTuple):
    """What the events of an invoice tell of."""

    state: str = "draft"
    payment: str = "not_paid"

    @classmethod
    def of(cls, move):
        return cls(move.state, move.payment_state)

    @property
    def is_paid(self):
        return self.payment in ("paid", "in_payment")

    @property
    def is_cancelled(self):
        """Whether nothing is to be paid any more: cancelled, or reversed by a credit note."""
        return self.state == "cancel" or self.payment == "reversed"


class AccountMove(models.Model):
    """Tells apps what happens to the invoices of their customers' subscriptions."""

    _inherit = "account.move"

    fusion_overdue_sent_on = fields.Date(
        "Told Overdue", copy=False, readonly=True, technical=True, help="When apps were told, once."
    )
    fusion_missing_sent_on = fields.Date(
        "Told That No Method Is Saved",
        copy=False,
        readonly=True,
        technical=True,
        help="When apps were told, once.",
    )

    @api.model
    def _fusion_own_fields(self):
        return super()._fusion_own_fields() | {"fusion_overdue_sent_on", "fusion_missing_sent_on"}

    # === TRANSITIONS === #

    @api.model_create_multi
    def create(self, vals_list):
        moves = super().create(vals_list)
        watch_new(moves._fusion_for_customers(), _emit_transitions)
        return moves

    def write(self, vals):
        if "state" in vals:
            watch(self._fusion_for_customers(), Facts.of, _emit_transitions)
        return super().write(vals)

    def unlink(self):
        """Tell apps of drafts that go, if they were told that they came."""
        moves = self._fusion_for_customers()
        # sudo: events tell what happened, whoever made it happen.
        for move in (moves - not_emitted(moves, _emit_transitions)).sudo():
            if not Facts.of(move).is_cancelled:
                move._fusion_emit("invoice.cancelled")
        return super().unlink()

    def _compute_payment_state(self):
        # Payments and credit notes change it without writing to the invoice.
        watch(self._fusion_for_customers().filtered("id"), Facts.of, _emit_transitions)
        return super()._compute_payment_state()

    def _fusion_for_customers(self):
        """Return those that can bill a subscription: nothing of any other move is looked at."""
        return self.filtered(lambda move: move.move_type in ("out_invoice", "out_refund"))

    def _fusion_emit_transitions(self, before):
        """Emit what leads from the facts before to those of now: one event, several, or none."""
        now = Facts.of(self)
        if before == now:
            return
        was = before or Facts()
        happened = {
            "invoice.created": before is None,
            "invoice.posted": was.state != "posted" and now.state == "posted",
            "invoice.paid": now.is_paid and not was.is_paid,
            "invoice.cancelled": now.is_cancelled and not was.is_cancelled,
        }
        for event_type, did in happened.items():
            if did:
                self._fusion_emit(event_type)

    # === OVERDUE === #

    @api.model
    def _fusion_cron_tell_overdue(self):
        """Tell apps of invoices that are due and not paid, every day, once for each invoice.

        Takes batches of posted invoices whose due date has passed in their company's billing
        time zone, marks each with today's date and emits the event in the same transaction,
        commits, and goes on until none is left. A killed run loses a batch at most, to the
        next one; an invoice that somebody else holds is left to a run some minutes later.
        """
        held = self._fusion_tell_overdue_in(self.env["res.company"]._fusion_on_schedule())
        if held:
            self.env.ref("fusion_billing.ir_cron_tell_overdue")._trigger(now() + HELD_FOR)

    @api.model
    def _fusion_tell_overdue_in(self, companies):
        """Tell apps of what is overdue in some companies; return what somebody else holds."""
        # sudo: whoever the scheduled action runs as, all invoices count.
        moves = self.sudo()
        domain, held = moves._fusion_overdue_domain(companies), moves.browse()
        while found := moves.search(domain, limit=OVERDUE_BATCH, order="id"):
            held |= found - found._fusion_tell_overdue()
            domain &= Domain("id", ">", found[-1].id)
            remaining = moves.search_count(domain, limit=OVERDUE_BATCH)
            if not commit_progress(self.env, len(found), remaining=remaining):
                break
        return held

    def _fusion_tell_overdue(self):
        """Tell apps of these invoices, and return those that nobody else is at work on."""
        try:
            # That somebody was faster is no failure, so it raises no alarm in the log.
            with self.env.cr.savepoint(), no_alarm():
                told = self.try_lock_for_update(allow_referencing=True)
                for move in told:
                    today = move.company_id._fusion_today()
                    as_engine(move).fusion_overdue_sent_on = today
                    move._fusion_emit("invoice.overdue")
                self.env.flush_all()
                return told
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            alone = len(self) == 1
            return self.browse().union(
                *(() if alone else (move._fusion_tell_overdue() for move in self))
            )

    @api.model
    def _fusion_overdue_domain(self, companies):
        past_due = companies.filtered("active")._fusion_domain_at(
            lambda company: company._fusion_today(),
            lambda today: Domain("invoice_date_due", "<", today),
        )
        return (
            past_due
            & Domain("move_type", "=", "out_invoice")
            & Domain("state", "=", "posted")
            & Domain("payment_state", "in", ("not_paid", "partial"))
            & Domain("fusion_overdue_sent_on", "=", False)
            & Domain("invoice_line_ids.sale_line_ids.order_id.fusion_plan_id", "!=", False)
        )

    # === NOTHING TO CHARGE === #

    def _fusion_lacks_method(self):
        """Tell apps, once, that this invoice is to be charged, and that nothing is saved for it."""
        super()._fusion_lacks_method()
        if not self.fusion_missing_sent_on:
            as_engine(self).fusion_missing_sent_on = self.company_id._fusion_today()
            self._fusion_emit("payment_method.missing")

    # === EMITTING === #

    def _fusion_emit(self, event_type, describe=None):
        """Tell the services that are concerned by the subscriptions of this invoice.

        :param describe: function from a service to the event's data; the invoice if left out
        """
        self.ensure_one()
        subscriptions = self._fusion_subscriptions()
        services = self.env["fusion.billing.service"].union(
            *(subscription._fusion_services() for subscription in subscriptions)
        )
        self.env["fusion.billing.webhook.delivery"]._emit(
            event_type,
            services,
            describe or self._fusion_describe_for,
            subscription=subscriptions[:1],
        )

    def _fusion_describe_for(self, service):
        """Return the facts of this invoice that an app is told of."""
        return self.env["fusion.billing.api.serializer"]._describe_invoice(service, self)


def _emit_transitions(moves, before):
    for move in moves:
        move._fusion_emit_transitions(before[move.id])

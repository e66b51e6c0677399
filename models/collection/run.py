import logging
from datetime import timedelta

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..base.clock import now
from ..base.cron import commit_progress, tally
from ..base.retry import left_if_busy, lock_in_turn
from .attempt import COLLECT, SUCCEEDED, UNKNOWN, WAITING

_logger = logging.getLogger(__name__)

BATCH = 20
HEARD_WITHIN = timedelta(minutes=2)  # a request that is under way has ended by then
HAS_METHOD = Domain.custom(
    to_sql=lambda model, alias, query: SQL(
        "EXISTS (SELECT FROM payment_token AS token"
        " JOIN res_partner AS owner ON owner.id = token.partner_id"
        " WHERE token.active AND owner.commercial_partner_id = %s)",
        model._field_to_sql(alias, "commercial_partner_id", query),
    )
)


class FusionBillingCollectionAttempt(models.Model):
    """How invoices are charged: each exactly once, whatever is killed or repeated."""

    _inherit = "fusion.billing.collection.attempt"

    @api.model
    def _cron_collect(self):
        """Charge the invoices whose time has come to saved payment methods; refund credit notes.

        First it makes attempts, twenty documents at a time, each one locked while it looks at it,
        and commits. Then it takes the attempts that wait, one by one: it notes that one goes
        out, and commits; sends it; commits what the provider said; and registers the payment, in a
        transaction of its own. Killed before the note, the next run sends it. Killed after it, what
        became of it is unknown, and it is not sent again. Several runs at once share the work: what
        another one holds is left to it. What fails stops nothing else.
        """
        # sudo: whoever the scheduled action runs as, all invoices count.
        if "ir_cron_progress_id" not in self.env.context:
            # Here nothing may be sent: the transaction is somebody's, who may run it again.
            self.env.ref(COLLECT)._trigger()
            return
        attempts = self.sudo()
        steps = (
            attempts._plan_all,
            attempts._refund_all,
            attempts._send_all,
            attempts._look_up_all,
            attempts._settle_all,
        )
        if all(step() for step in steps):
            attempts._follow_activities()
            commit_progress(self.env, 0, remaining=0)

    # === PLANNING === #

    def _plan_all(self):
        """Make the attempts that are due; return whether there was time for all."""
        invoices = self.env["account.move"].search(self._domain_to_plan(), order="id")
        return self._plan_each(invoices, self._plan_one)

    def _plan_each(self, moves, plan_one):
        """Make attempts at documents; return whether there was time for all."""
        for offset in range(0, len(moves), BATCH):
            batch = moves[offset : offset + BATCH]
            for move in batch:
                self._plan_alone(move, plan_one)
            remaining = len(moves) - offset
            if not commit_progress(self.env, len(batch), remaining=remaining, done=0):
                return False
        return True

    def _plan_alone(self, move, plan_one):
        """Make an attempt at one document: a bad one keeps no other from its own (R7)."""
        try:
            with left_if_busy(self.env):
                plan_one(move)
        except Exception:
            tally().nameless += 1
            _logger.exception("No attempt could be made at %s: it is tried again", move.id)

    @api.model
    def _domain_to_plan(self):
        """Return the domain of invoices that may be to collect: each is looked at once more.

        None of them waits for what may never come, so that no others wait for these: their day has
        come, and something is saved, or it was not told yet that nothing is. A sandbox's are none:
        nobody pays in it.
        """
        return (
            self._domain_of_day()
            & (HAS_METHOD | self._domain_to_tell())
            & Domain("move_type", "=", "out_invoice")
            & Domain("state", "=", "posted")
            & Domain("payment_state", "in", ("not_paid", "partial"))
            & Domain("fusion_bill_on", "!=", False)
            & (
                Domain("fusion_attempt_ids", "not any", Domain("sent_at", "!=", False))
                | Domain("id", "in", self._find_untried())
            )
            & (
                Domain("commercial_partner_id.fusion_collects", "=", "always")
                | Domain("commercial_partner_id.fusion_collects", "=", False)
                & Domain(
                    "invoice_line_ids.fusion_rating_id.subscription_id.fusion_plan_id.collects",
                    "=",
                    True,
                )
            )
        )

    @api.model
    def _domain_of_day(self):
        """Return the domain of invoices of which the day to be charged has come."""
        return (
            self.env["res.company"]
            ._fusion_on_schedule()
            ._fusion_domain_at(
                lambda company: (
                    "invoice_date_due" if company.fusion_collect_when == "due" else "invoice_date",
                    company._fusion_today() - timedelta(days=company.fusion_collect_days),
                ),
                lambda day: Domain(day[0], "<=", day[1]),
            )
        )

    @api.model
    def _domain_to_tell(self):
        """Hook: the domain of invoices of which it is to be told if nothing is saved for them."""
        return Domain.FALSE

    def _find_untried(self):
        """Return the ids of unpaid invoices that were declined, and whose customer has a method
        that they were not charged to.
        """
        self.env.flush_all()
        return [invoice_id for [invoice_id] in self.env.execute_query(SQL(UNTRIED))]

    def _plan_one(self, invoice):
        if not invoice.try_lock_for_update(allow_referencing=True):
            return
        if not invoice._fusion_is_to_collect() or invoice._fusion_is_being_paid():
            return
        token = invoice._fusion_token()
        if token:
            lock_in_turn(invoice)
            self._plan(invoice, token)
        else:
            invoice._fusion_lacks_method()

    # === SENDING === #

    def _send_all(self):
        """Send what waits; return whether there was time for all."""
        waiting = self.search([("state", "=", WAITING), ("sent_at", "=", False)], order="id")
        for position, attempt in enumerate(waiting, 1):
            attempt._send_once()
            if not commit_progress(self.env, 1, remaining=1 + len(waiting) - position):
                return False
        return True

    def _send_once(self):
        """Send an attempt that nobody else sends."""
        goes_out = False
        with left_if_busy(self.env):
            goes_out = self._claim()
        commit_progress(self.env, 0, remaining=1)
        if not goes_out:
            return
        with left_if_busy(self.env):
            self._send()
        commit_progress(self.env, 0, remaining=1)
        self._settle()

    # === WHAT NOBODY ANSWERED === #

    def _look_up_all(self):
        """Ask for the attempts of which nothing was heard for a while, where it can be asked.

        :return: whether there was time for all
        """
        silent = Domain("state", "=", UNKNOWN) & Domain("sent_at", "<", now() - HEARD_WITHIN)
        unheard = self.search(silent, order="id")
        for position, attempt in enumerate(unheard, 1):
            try:
                with left_if_busy(self.env):
                    attempt._look_up()
            except Exception as error:
                _logger.info("%s could not be looked up: %s", attempt.reference, error)
            remaining = 1 + len(unheard) - position
            if not commit_progress(self.env, 1, remaining=remaining, done=0):
                return False
        return True

    def _look_up(self):
        if not self.try_lock_for_update(allow_referencing=True):
            return
        transaction = self.transaction_id
        data = transaction._fusion_look_up()
        if data:
            transaction._process(transaction.provider_code, data)
            self._settle()
        elif data is False:
            transaction._fusion_was_not_charged(self._say_not_known())

    def _say_not_known(self):
        return self.env._("The provider knows of no such charge.")

    # === REGISTERING PAYMENTS === #

    def _settle_all(self):
        """Register what was charged and is not registered: a run was killed, or was notified.

        :return: whether there was time for all
        """
        unregistered = Domain("transaction_id.is_post_processed", "=", False)
        left = self.search(Domain("state", "=", SUCCEEDED) & unregistered, order="id")
        for position, attempt in enumerate(left, 1):
            attempt._settle()
            if not commit_progress(self.env, 1, remaining=1 + len(left) - position):
                return False
        return True

    def _settle(self):
        """Register the payment; if it cannot be now, a later run does it, or Odoo's own."""
        transaction = self.transaction_id
        if self.state != SUCCEEDED or transaction.is_post_processed:
            return
        try:
            with left_if_busy(self.env):
                if transaction.try_lock_for_update():
                    transaction._post_process()
        except Exception:
            tally().failed_ids.add(self.id)
            _logger.exception("The payment of %s is not registered yet", self.reference)


# Only invoices that are declined and not paid are looked at, whatever else there is.
UNTRIED = """
SELECT DISTINCT invoice.id
  FROM fusion_billing_collection_attempt AS declined
  JOIN account_move AS invoice ON invoice.id = declined.invoice_id
  JOIN res_company AS company ON company.id = invoice.company_id
  JOIN payment_token AS token ON token.active
   AND token.company_id::text = ANY(string_to_array(company.parent_path, '/'))
  JOIN res_partner AS owner ON owner.id = token.partner_id
   AND owner.commercial_partner_id = invoice.commercial_partner_id
 WHERE declined.state = 'failed'
   AND invoice.state = 'posted' AND invoice.payment_state IN ('not_paid', 'partial')
   AND NOT EXISTS (SELECT FROM fusion_billing_collection_attempt AS tried
                     JOIN payment_transaction AS charge ON charge.id = tried.transaction_id
                    WHERE tried.invoice_id = invoice.id AND charge.token_id = token.id
                      AND tried.sent_at IS NOT NULL)
"""

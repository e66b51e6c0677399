import logging
from contextlib import contextmanager
from datetime import timedelta

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..base.cron import commit_progress, tally
from ..base.retry import RUN_AGAIN, left_if_busy, run_again_if_faster
from .actions import ACTIVITY
from .case import LEFT_ALONE, PAID

_logger = logging.getLogger(__name__)

WAIT = timedelta(days=7)  # for who says that they pay


class FusionBillingDunningCase(models.Model):
    """How cases are opened, go on and are closed."""

    _inherit = "fusion.billing.dunning.case"

    @api.model
    def _cron_dun(self):
        """Do what is due about customers who have not paid.

        First it opens a case for each customer and currency with an overdue invoice and without
        one. Then it takes the open cases one by one, each locked and in a transaction of its own:
        it closes those in which nothing is overdue any more, which lets go on what was paused, and
        takes the next step of the others, if its day has come. A step and the row that says so are
        one transaction: killed in the middle, neither is there, and the next run does it. Several
        runs at once share the work. While somebody is paying, a case waits, for a week at most. A
        step that cannot be taken is shown as failed, and staff are asked; the case goes on.
        """
        # sudo: whoever the scheduled action runs as, all customers count.
        cases = self.sudo()
        companies = self.env["res.company"]._fusion_on_schedule()
        cases._follow_customers()
        if cases._open_all(companies):
            cases._go_on_all(companies)

    # === OPENING === #

    def _open_all(self, companies):
        """Open a case for whoever is late and has none; return whether there was time for all."""
        late = self._find_without_case(companies)
        for position, (partner, company, currency) in enumerate(late, 1):
            with left_if_busy(self.env), run_again_if_faster():
                self._open(partner, company, currency)
            if not commit_progress(self.env, 0, remaining=1 + len(late) - position):
                return False
        return True

    def _find_without_case(self, companies):
        """Return `[(customer, company, currency)]` of those who are late and have no open case."""
        late = self.env["account.move"]._read_group(
            self.env["account.move"]._fusion_late_domain(companies),
            ["commercial_partner_id", "company_id", "currency_id"],
        )
        known = {
            (case.partner_id, case.company_id, case.currency_id)
            for case in self.search([("closed_on", "=", False)])
        }
        return [
            group
            for group in late
            if group not in known and group[0]._fusion_dunning_policy(group[1])
        ]

    def _open(self, partner, company, currency):
        case = self.create(
            {
                "partner_id": partner.id,
                "company_id": company.id,
                "currency_id": currency.id,
                "opened_on": company._fusion_today(),
            }
        )
        # Whoever shows the link that pays it only reads.
        case._portal_ensure_token()
        case.flush_recordset()

    # === GOING ON === #

    def _go_on_all(self, companies):
        """Take the next steps that are due; return whether there was time for all."""
        cases = self.search(
            Domain("closed_on", "=", False) & Domain("company_id", "in", companies.ids), order="id"
        )
        due = cases.filtered(lambda case: case._may_be_due())
        for position, case in enumerate(due, 1):
            case = case._for_staff()
            did = True  # if it fails, it counts
            with case._failing_alone():
                did = case._go_on()
            remaining = len(due) - position
            if not commit_progress(self.env, 1, remaining=remaining, done=int(did)):
                return False
        return True

    def _for_staff(self):
        """Return this case by itself, in the language in which the company's staff read of it."""
        # What is known of many is forgotten with each commit, and would be read again for all.
        case = self.with_prefetch()
        return case.with_context(lang=case.company_id.partner_id.lang)

    @contextmanager
    def _failing_alone(self):
        """One bad case never stops the run: it is shown, and tried again by the next one (R7)."""
        try:
            with left_if_busy(self.env):
                yield
        except UserError as error:
            self._note_failure(str(error))
        except Exception:
            _logger.exception("Dunning of %s failed", self)
            self._note_failure(self.env._("The server log says why. It is tried again."))

    def _note_failure(self, sentence):
        tally().failed_ids.add(self.id)
        with left_if_busy(self.env):
            if not self.activity_search([ACTIVITY]):
                self._ask_staff(self.env._("Dunning failed: %s", sentence))

    def _go_on(self):
        """Close this case, or take the steps of it that are due today.

        :return: whether there was anything to do
        """
        if not self.try_lock_for_update(allow_referencing=True) or self.closed_on:
            return False
        self._keep_late_invoices()
        if not self.late_invoice_ids or not self._is_followed():
            self._close()
            return True
        before = len(self.taken_ids)
        while not self._is_to_wait() and self._take_next():
            continue
        return len(self.taken_ids) > before

    def _may_be_due(self):
        """Whether there may be anything to do: of many most have nothing, and are not locked."""
        late, today = self.late_invoice_ids, self.company_id._fusion_today()
        is_step_due = bool(self.next_on) and self.next_on <= today
        is_known = late and late <= self.invoice_ids
        return is_step_due or not is_known or not self._is_followed()

    def _keep_late_invoices(self):
        # Every run comes here: it writes what is new, and nothing else.
        if new := self.late_invoice_ids - self.invoice_ids:
            self.invoice_ids |= new

    def _is_followed(self):
        """Whether the customer is dunned: nobody has exempted them since."""
        return not self.partner_id.with_company(self.company_id).fusion_dunning_exempt

    def _is_to_wait(self):
        """Whether somebody pays one of the invoices now, or it is being charged: for a week at
        most, as a transfer may never come.
        """
        today = self.company_id._fusion_today()
        is_being_paid = any(
            invoice._fusion_is_being_paid() or invoice._fusion_open_attempts()
            for invoice in self.late_invoice_ids
        )
        return is_being_paid and bool(self.next_on) and today < self.next_on + WAIT

    def _take_next(self):
        """Take the next step if its day has come; return whether another one may be due."""
        found = self._find_next()
        if not found or found[1] > self.company_id._fusion_today():
            return False
        step = found[0]
        # It is noted first: who is told of the case by the step is told of what follows it.
        taken = self.env["fusion.billing.dunning.taken"].create(self._prepare_taken(step))
        taken.result, taken.is_failed = self._try(step)
        return True

    def _prepare_taken(self, step):
        return {
            "case_id": self.id,
            "number": 1 + len(self.taken_ids),
            "taken_on": self.company_id._fusion_today(),
            "days": step.days,
            "sequence": step.sequence,
            "step_key": step.id,
            "action": step.action,
        }

    def _try(self, step):
        """Do what a step says; return what came of it, and whether it failed."""
        try:
            with self.env.cr.savepoint():
                return self._act(step), False
        except RUN_AGAIN:
            raise
        except UserError as error:
            self._ask_staff(str(error))
            return str(error), True

    # === CLOSING === #

    def _close(self):
        """Nothing is asked for any more: what was paused goes on."""
        self._resume_subscriptions()
        self._end(self._find_outcome())
        self._tell_apps("customer.paid_up")

    def _end(self, outcome):
        self.write({"closed_on": self.company_id._fusion_today(), "outcome": outcome})
        self.activity_unlink([ACTIVITY])

    def _find_outcome(self):
        is_paid = all(one.payment_state in ("paid", "in_payment") for one in self.invoice_ids)
        return PAID if is_paid and self.invoice_ids else LEFT_ALONE

import logging

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...core.money.timeline import DAY
from ..base.cron import commit_progress
from ..base.engine import as_engine
from ..base.retry import hold, left_if_busy, lock, no_alarm
from ..ledger.settlement import BORNE_AMOUNT, BORNE_LINES

_logger = logging.getLogger(__name__)

BATCH = 100
SUBSCRIPTION = Domain("state", "=", "sale") & Domain("fusion_state", "!=", False)


class SaleOrder(models.Model):
    """The invoicing run: what is due goes on documents, and the open period moves on."""

    _inherit = "sale.order"

    # === THE RUN === #

    @api.model
    def _fusion_cron_create_invoices(self):
        """Invoice every subscription that is due, then post the drafts that were held.

        Rates what waits for it, so that the ledger says who is due; those whose period is over
        are due in any case. Takes the due subscriptions in sets and locks them; what somebody
        else holds is left to the next run. A set is rated (R8), its documents are made and posted
        at once, and its open periods move on, in one savepoint: all of it happens or nothing. If
        that fails, each subscription is billed by itself, and the one that fails keeps the
        failure and shows it to staff (R7); the next run tries again. What is due decides, and no
        date of the last run: downtime is caught up with the documents that there would have been.
        Progress is committed after each set, so that a run that is killed loses at most one.
        """
        self._fusion_run(self.env["res.company"]._fusion_on_schedule())

    @api.model
    def _fusion_run(self, companies):
        """Invoice what is due in some companies, see the scheduled action."""
        # sudo: whoever the scheduled action runs as, all subscriptions are billed.
        orders, moves = self.sudo(), self.env["account.move"].sudo()
        over = orders.search(orders._fusion_today_domain(orders._fusion_over_on, companies))
        orders.env["fusion.billing.rating"]._rate_pending(companies, but=set(over.ids))
        work = [*orders._fusion_sets_due(companies), *moves._fusion_sets_held(companies)]
        remaining = sum(len(records) for _bill, records in work)
        for bill, records in work:
            bill(records)
            remaining -= len(records)
            if not commit_progress(self.env, len(records), remaining=remaining):
                break

    @api.model
    def _fusion_sets_due(self, companies):
        """Return the due subscriptions in sets of one company: pairs of how to bill and whom."""
        due = self.search(self._fusion_due_domain(companies), order="fusion_next_invoice_date, id")
        return [(self._fusion_bill_unless_busy, orders) for orders in due._fusion_sets(BATCH)]

    @api.model
    def _fusion_bill_unless_busy(self, orders):
        """Bill what is due today of subscriptions of one company, unless somebody is at work."""
        day, locked = orders.company_id._fusion_today(), orders.browse()
        with left_if_busy(self.env):
            hold(orders._fusion_plans())
            locked = orders._fusion_try_lock()
        locked._fusion_attempt("invoicing", lambda some: some._fusion_bill(day))

    def _fusion_attempt(self, step, work):
        """Do the work of a set at once or, if that fails, of each one by itself (R7).

        :param str step: what is done, a key of `fusion_error_step`
        :param callable work: takes subscriptions
        """
        if not self:
            return
        self.env.cr.flush()  # what fails of this is nobody's failure
        try:
            with no_alarm(), self.env.cr.savepoint():
                work(self)
        except Exception as error:
            # It is met again, and told, by the one it belongs to.
            _logger.info("%s: %s subscriptions one by one: %s", step, len(self), error)
            for order in self:
                with order._fusion_catch_failure(step):
                    work(order)
        else:
            self._fusion_clear_failure(step)

    def _fusion_bill_until(self, day, asked=False):
        """Bill everything that is due by a day, as the run does.

        :param date day: periods that end by this day are closed
        :param bool asked: late rows and one-off lines at once, too
        :return: the invoices and credit notes
        """
        # sudo: whoever closes a subscription need not be allowed to write invoices.
        orders = self.sudo()
        hold(orders._fusion_plans())
        lock(orders)
        invoices = orders._fusion_bill(day, asked)
        return self.env["account.move"].browse(invoices.ids)

    def _fusion_plans(self):
        """Return the plans at whose prices these subscriptions are billed: nobody changes those
        meanwhile (T2).
        """
        return self.fusion_phase_ids.plan_id

    def _fusion_bill(self, day, asked=False):
        moves = self._fusion_create_documents(self._fusion_work_out(day, asked))
        self._fusion_advance(day)
        return moves

    def _fusion_work_out(self, day, asked=False):
        """Rate once more (R8), and return the documents that are due by a day."""
        # Orders are not shown yet what is billed here: they are once their open periods moved on.
        self.env["fusion.billing.rating"]._rate_touched(self, day)
        billable = self.filtered(lambda order: order.state != "cancel")
        return billable._fusion_documents(day, asked)

    # === THE OPEN PERIOD === #

    def _fusion_advance(self, day):
        """Close the billing periods that are over by a day."""
        for order in self:
            reached = order._fusion_reached(day)
            if reached > order._fusion_opened_on():
                as_engine(order).fusion_last_invoice_date = reached
        self._fusion_project()
        self._fusion_show_usage()

    def _fusion_reached(self, day):
        """Return the first day of what is open once everything is billed by a day."""
        opened = self._fusion_opened_on()
        for period in self._fusion_timeline().periods(opened, day + DAY):
            opened = period.end if period.end <= day else max(period.start, opened)
        return opened

    # === WHO IS DUE === #

    @api.model
    def _fusion_due_domain(self, companies):
        """Return the domain of what may be due today, in each company's billing time zone."""
        return self._fusion_today_domain(self._fusion_due_on, companies)

    @api.model
    def _fusion_today_domain(self, domain_on, companies):
        """Return the domain of what holds today, in each company's billing time zone.

        :param callable domain_on: what holds on a day
        :param companies: those that count, if they are not archived
        """
        return companies.filtered("active")._fusion_domain_at(
            lambda company: company._fusion_today(), domain_on
        )

    @api.model
    def _fusion_due_on(self, today):
        """Return the domain of subscriptions whose period is over, or that owe something now."""
        has_one_offs = Domain("fusion_state", "=", "6_churn") & Domain(
            "invoice_status", "=", "to invoice"
        )
        return self._fusion_over_on(today) | SUBSCRIPTION & (
            has_one_offs | self._fusion_owing_on(today)
        )

    @api.model
    def _fusion_over_on(self, today):
        """Return the domain of subscriptions whose period is over."""
        return SUBSCRIPTION & Domain("fusion_next_invoice_date", "<=", today)

    @api.model
    def _fusion_owing_on(self, today):
        """Return the domain of what owes something that no document settles (see OWING)."""
        self.env["fusion.billing.rating"].flush_model(["amount", "settled", "waived"])
        self.env["account.move.line"].flush_model()
        self.env["account.move"].flush_model(["move_type", "state"])
        return Domain.custom(
            to_sql=lambda _model, alias, _query: SQL(
                OWING,
                order=SQL.identifier(alias, "id"),
                opened=SQL.identifier(alias, "fusion_last_invoice_date"),
                state=SQL.identifier(alias, "fusion_state"),
                today=today,
            )
        )


# Late rows wait for the next document, unless there is none to come. A credit is held back while
# the customer does not bear what it would give back (L4).
OWING = f"""
EXISTS (
    SELECT FROM fusion_billing_rating AS rating
     WHERE rating.subscription_id = %(order)s
       AND rating.amount - rating.settled - rating.waived <> 0
       AND (rating.amount > rating.settled + rating.waived
            OR rating.amount - LEAST(rating.waived, 0) < (
                SELECT {BORNE_AMOUNT} {BORNE_LINES} WHERE line.fusion_rating_id = rating.id))
       AND (rating.bill_on <= GREATEST(%(today)s, %(opened)s) AND (
                %(state)s = '6_churn' OR rating.settled = 0 AND (
                    %(opened)s IS NULL OR rating.cycle_end > %(opened)s))
            OR %(state)s = '6_churn' AND rating.settled <> 0)
)
"""

import logging
from contextlib import contextmanager

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import plaintext2html

from ..base.engine import as_engine, given, is_engine
from ..base.retry import RUN_AGAIN, no_alarm

_logger = logging.getLogger(__name__)

FAILURE = {"fusion_error", "fusion_error_step"}


class SaleOrder(models.Model):
    """One bad subscription never stops a run: its failure stands on the record (R7)."""

    _inherit = "sale.order"

    fusion_error = fields.Text("Billing Problem", copy=False, readonly=True)
    fusion_error_step = fields.Selection(
        [("rating", "Rating"), ("invoicing", "Invoicing")],
        copy=False,
        readonly=True,
        technical=True,
    )

    _fusion_error_idx = models.Index("(company_id) WHERE fusion_error IS NOT NULL")

    def _has_field_access(self, field, operation):
        # What went wrong is no business of the customer, who may read the order.
        if field.name in FAILURE and not self.env.su and self.env.user._is_portal():
            return False
        return super()._has_field_access(field, operation)

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        self._fusion_check_failure(given(FAILURE, self.env, vals_list))
        return super().create(vals_list)

    def write(self, vals):
        self._fusion_check_failure(vals.keys())
        return super().write(vals)

    def _fusion_check_failure(self, names):
        """Refuse to hide a failure, or to make one up."""
        if names & FAILURE and not is_engine(self.env):
            raise UserError(
                self.env._(
                    "You cannot write a billing problem: it goes away once its cause is mended."
                )
            )

    # === WORK OF ONE SUBSCRIPTION === #

    def _fusion_try_lock(self, allow_referencing=True):
        """Lock these subscriptions and return those that nobody else holds or has just changed.

        :param bool allow_referencing: let others add to them meanwhile, such as counters
        """
        try:
            # That somebody was faster is no failure, so it raises no alarm in the log.
            with self.env.cr.savepoint(flush=False), no_alarm():
                return self.try_lock_for_update(allow_referencing=allow_referencing)
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            alone = len(self) == 1
            ones = () if alone else self
            return self.browse().union(*(one._fusion_try_lock(allow_referencing) for one in ones))

    @contextmanager
    def _fusion_catch_failure(self, step):
        """Do one subscription's work in a savepoint; show a failure, and clear it by success.

        Another transaction in the way is no failure: the work is left to the next run.

        :param str step: what is done, a key of `fusion_error_step`
        """
        self.ensure_one()
        self.env.cr.flush()  # what fails of this is nobody's failure
        try:
            with no_alarm(), self.env.cr.savepoint():
                yield
        except RUN_AGAIN as error:
            _logger.info("%s of subscription %s is left to the next run: %s", step, self.id, error)
        except UserError as error:
            self._fusion_show_failure(step, str(error))
        except Exception:
            _logger.exception("%s of subscription %s failed", step, self.id)
            self._fusion_show_failure(step, self._fusion_explain_the_unexpected())
        else:
            self._fusion_clear_failure(step)

    def _fusion_try_each(self, work):
        """Do something with each of these subscriptions; one that cannot stays as it was.

        Unlike in a run, somebody is there to be told: nothing is kept on the record.

        :param callable work: takes one subscription
        :return: why it could not be: `{subscription: sentence}`
        """
        refused = {}
        for order in self:
            self.env.cr.flush()  # what fails of this is nobody's failure
            try:
                with no_alarm(), self.env.cr.savepoint():
                    work(order)
            except RUN_AGAIN:
                raise
            except UserError as error:
                refused[order] = str(error)
            except Exception:
                _logger.exception("Work on subscription %s failed", order.id)
                refused[order] = self._fusion_explain_the_unexpected()
        return refused

    def _fusion_explain_the_unexpected(self):
        return self.env._(
            "Something unexpected went wrong; the server log of %s says what.",
            fields.Datetime.now(),
        )

    def _fusion_show_failure(self, step, sentence):
        """Keep the failure on the record, and ask one person, once, to look at it."""
        as_engine(self).write({"fusion_error": sentence, "fusion_error_step": step})
        if not self.activity_search(["fusion_billing.mail_activity_type_failure"]):
            self.activity_schedule(
                "fusion_billing.mail_activity_type_failure",
                note=plaintext2html(sentence),
                user_id=self._fusion_responsible().id,
            )

    def _fusion_clear_failure(self, step):
        failed = self.filtered(lambda order: order.fusion_error_step == step)
        if failed:
            as_engine(failed).write({"fusion_error": False, "fusion_error_step": False})
            failed.activity_unlink(["fusion_billing.mail_activity_type_failure"])

    def _fusion_responsible(self):
        """Return who is asked: the salesperson, else a billing manager, else who runs this."""
        candidates = self.user_id.filtered("active") | self._fusion_managers_of(self.company_id)
        return candidates[:1] or self.env.user

    @api.model
    def _fusion_managers_of(self, company):
        """Return the billing managers of a company."""
        managers = self.env.ref("fusion_billing.group_manager").all_user_ids
        return managers.filtered(lambda user: user.active and company in user.company_ids)

import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import plaintext2html

from ..base.clock import now
from ..base.cron import commit_progress
from ..base.engine import as_engine
from ..base.retry import left_if_busy, no_alarm

_logger = logging.getLogger(__name__)

BATCH = 20
# Half an hour after the first failure, then twice as long each time: for some three days.
ATTEMPTS = 8
WAIT = timedelta(minutes=15)
QUEUED = {"email", "manual", "snailmail"}  # what leaves after the transaction, or not at all
WAYS = ("res.partner", "invoice_sending_method")
STAFF = "account.group_account_invoice,fusion_billing.group_user"
UNSENT = "fusion_billing.mail_activity_type_unsent"


class AccountMove(models.Model):
    """Documents that are sent to the customer once they are posted, where the plan says so."""

    _inherit = "account.move"

    fusion_send_at = fields.Datetime(
        "Sent From",
        copy=False,
        readonly=True,
        index="btree_not_null",
        technical=True,
        groups=STAFF,
        help="From then on this document is sent, once it is posted.",
    )
    fusion_send_attempts = fields.Integer(
        "Failed Attempts", copy=False, readonly=True, technical=True, groups=STAFF
    )
    fusion_send_error = fields.Char("Not Sent", copy=False, readonly=True, groups=STAFF)

    _fusion_unsent_idx = models.Index("(company_id) WHERE fusion_send_error IS NOT NULL")

    @api.model
    def _fusion_own_fields(self):
        return super()._fusion_own_fields() | {
            "fusion_send_at",
            "fusion_send_attempts",
            "fusion_send_error",
        }

    # === THE RUN === #

    @api.model
    def _fusion_cron_send(self):
        """Send the posted documents whose time has come.

        Takes them in batches of one company. A batch is locked, its PDFs are made and its e-mails
        put into Odoo's queue, and that it is sent is noted, all in one transaction: if the run is
        killed, nothing of that batch was sent, and the next run sends it; what was committed is
        not sent again. What somebody else holds is left to the next run. If a batch fails, each
        of its documents is sent by itself; one that fails keeps the reason, and is tried again
        later, and less and less often, until staff are asked to do it.
        """
        # sudo: whoever the scheduled action runs as, all documents are sent.
        due = self.sudo().search(self._fusion_domain_to_send(), order="company_id, id")
        remaining = len(due)
        for moves in due._fusion_batches_to_send():
            moves._fusion_send_unless_busy()
            remaining -= len(moves)
            if not commit_progress(self.env, len(moves), remaining=remaining):
                break

    @api.model
    def _fusion_domain_to_send(self):
        return Domain("state", "=", "posted") & Domain("fusion_send_at", "<=", now())

    def _fusion_batches_to_send(self):
        """Yield what is sent in one transaction: what a network or an authority takes, by itself,
        since what fails of others would not take that back.
        """
        for moves in self.grouped("company_id").values():
            for offset in range(0, len(moves), BATCH):
                batch = moves[offset : offset + BATCH]
                alone = batch._fusion_handed_over()
                yield from filter(None, (batch - alone, *alone))

    def _fusion_handed_over(self):
        """Return those that somebody else has as soon as they are sent, such as Peppol."""
        try:
            with no_alarm(), self.env.cr.savepoint():
                return self.exists().filtered(lambda move: move._fusion_is_handed_over())
        except Exception as error:
            # It is met again, and told, by the one it belongs to.
            _logger.info("%s documents are sent one by one: %s", len(self), error)
            return self

    def _fusion_is_handed_over(self):
        sender = self.env["account.move.send"].with_company(self.company_id)
        methods = sender._get_default_sending_methods(self)
        return bool(methods - QUEUED or sender._get_default_extra_edis(self))

    def _fusion_send_unless_busy(self):
        with left_if_busy(self.env):
            locked = self.exists().try_lock_for_update(allow_referencing=True)
            to_send = locked.filtered_domain(self._fusion_domain_to_send())
            if to_send:
                to_send._fusion_send_together()
                # Their e-mails leave now, and not with the queue's next turn.
                self.env.ref("mail.ir_cron_mail_scheduler_action")._trigger()

    def _fusion_send_together(self):
        """Send documents at once or, if that fails, each by itself (R7)."""
        if len(self) == 1:
            self._fusion_send_alone()
            return
        try:
            with self.env.cr.savepoint():
                self._fusion_send()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except Exception as error:
            # It is met again, and told, by the one it belongs to.
            _logger.info("%s documents are sent one by one: %s", len(self), error)
            for move in self:
                move._fusion_send_alone()

    def _fusion_send_alone(self):
        try:
            with no_alarm(), self.env.cr.savepoint():
                self._fusion_send()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except UserError as error:
            self._fusion_send_later(str(error))
        except Exception:
            _logger.exception("Document %s could not be sent", self.id)
            self._fusion_send_later(
                self.env._(
                    "Something unexpected went wrong; the server log of %s says what.",
                    fields.Datetime.now(),
                )
            )

    # === SENDING === #

    def _fusion_send(self):
        """Send documents of one company as core does: by the way that each customer wants.

        :raise UserError: one cannot be sent
        """
        sender = self.env["account.move.send"].with_company(self.company_id)
        moves = self.filtered(lambda move: not move._fusion_is_sent_by_hand(sender))
        for move in moves:
            move._fusion_check_reached(sender)
        if moves:
            # E-mails are queued in this transaction: sent after its end, they would be lost with
            # it. A document posts its own e-mail.
            quiet = {"mail_notify_force_send": False, "fusion_sends": True}
            sender.with_context(**quiet)._generate_and_send_invoices(moves.with_context(**quiet))
        (self - moves)._fusion_note_unsent()
        self._fusion_note_sent()

    def _can_commit(self):
        return super()._can_commit() and _may_commit(self.env)

    def _fusion_is_sent_by_hand(self, sender):
        """Whether the customer's documents are sent manually, and no authority takes this one."""
        by_hand = sender._get_default_sending_methods(self) == {"manual"}
        return by_hand and not sender._get_default_extra_edis(self)

    def _fusion_note_unsent(self):
        """Core has nothing to do here: the document stays in its list *Not Sent*."""
        reason = self.env._("Not sent: this customer's documents are sent manually.")
        self._message_log_batch(dict.fromkeys(self.ids, reason))

    def _fusion_check_reached(self, sender):
        """Refuse to send what would reach nobody: core would take that for sent.

        :raise UserError: none of the ways that the customer wants is possible for this document
        """
        ways = sender._get_default_sending_methods(self) - {"manual"}
        if not ways or any(self._fusion_is_reached(sender, way) for way in ways):
            return
        customer = self.partner_id.display_name
        if ways == {"email"}:
            raise UserError(
                self.env._(
                    "You cannot send this to %s: they have no e-mail address. Add one to the"
                    " contact.",
                    customer,
                )
            )
        labels = dict(self.env["ir.model.fields"].get_field_selection(*WAYS))
        raise UserError(
            self.env._(
                "You cannot send this to %(customer)s %(way)s. Complete the contact, or choose"
                " another way of sending there.",
                customer=customer,
                way=", ".join(labels.get(way, way) for way in sorted(ways)),
            )
        )

    def _fusion_is_reached(self, sender, way):
        if way != "email":
            settings = sender._get_default_sending_settings(self)
            return sender._is_applicable_to_move(way, self, **settings)
        template = sender._get_default_mail_template_id(self)
        lang = sender._get_default_mail_lang(self, template)
        return bool(sender._get_default_mail_partner_ids(self, template, lang))

    def _fusion_note_sent(self):
        """Send these documents no more, whoever sent them."""
        noted = self.filtered(lambda move: move.fusion_send_at or move.fusion_send_error)
        if noted:
            as_engine(noted).write(
                {"fusion_send_at": False, "fusion_send_attempts": 0, "fusion_send_error": False}
            )
            noted.activity_unlink([UNSENT])

    def _fusion_send_later(self, reason):
        """Show why a document was not sent, and try again later, or ask a person at last."""
        attempts = self.fusion_send_attempts + 1
        has_time = attempts < ATTEMPTS
        as_engine(self).write(
            {
                "fusion_send_at": has_time and now() + WAIT * 2**attempts,
                "fusion_send_attempts": attempts,
                "fusion_send_error": reason,
            }
        )
        if not has_time:
            self.activity_schedule(
                UNSENT,
                note=plaintext2html(reason),
                user_id=self._fusion_subscription()._fusion_responsible().id,
            )


class AccountMoveSend(models.AbstractModel):
    """Core sends; whoever asks it to, the document is sent."""

    _inherit = "account.move.send"

    @api.model
    def _can_commit(self):
        return super()._can_commit() and _may_commit(self.env)

    @api.model
    def _send_mail(self, move, mail_template, **kwargs):
        super()._send_mail(move, mail_template, **kwargs)
        # sudo: who sends an invoice need not be allowed to write it.
        move.sudo()._fusion_note_sent()


def _may_commit(env):
    """Whether modules that hand documents over may commit then: not in the run's savepoint, which
    would be gone. That it is sent is noted in the same transaction, and the run commits at once.
    """
    return not env.context.get("fusion_sends")

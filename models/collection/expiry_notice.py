import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import format_date, plaintext2html

from ..base.clock import now
from ..base.cron import commit_progress
from ..base.retry import RUN_AGAIN, left_if_busy, lock_in_turn, no_alarm

_logger = logging.getLogger(__name__)

NOTICES = (7, 30)  # days before a payment method expires, the shortest first
BATCH = 100
TEMPLATE = "fusion_billing.mail_template_expiring"
TELL = "fusion_billing.ir_cron_tell_expiring"
HELD_FOR = timedelta(minutes=5)


class FusionBillingExpiryNotice(models.Model):
    """Says that a customer was told that a payment method expires, so that it is told once.

    One that is given a later expiry, as networks do with cards, is told again when that comes.
    """

    _name = "fusion.billing.expiry.notice"
    _description = "Payment Method That Expires"  # the e-mail begins with it
    _order = "id desc"
    _rec_name = "token_id"

    token_id = fields.Many2one(
        "payment.token", "Payment Method", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="token_id.company_id", store=True, index=True)
    partner_id = fields.Many2one("res.partner", "Told", required=True, ondelete="cascade")
    expires_on = fields.Date(required=True)
    days = fields.Integer("Days Before", required=True, aggregator=None)

    _once = models.Constraint(
        "UNIQUE(token_id, expires_on, days)", "A customer is told once so many days before."
    )

    # === THE SCHEDULED ACTION === #

    @api.model
    def _cron_tell_expiring(self):
        """Tell customers of payment methods that expire soon and that subscriptions are charged to.

        Each is told 30 and 7 days before, in the company's time zone; a day that was missed is
        made good, by the latest of the two alone, and nothing is told of what has expired. It takes
        one method at a time: locks it, looks whether a running subscription that collects would be
        charged to it, writes down the notice with the e-mail and the events, and commits. Killed
        before that, the next run tells it; after it, the notice is there. What another run, or
        somebody else, holds is left to a run some minutes later.
        """
        # sudo: whoever the scheduled action runs as, all methods count.
        tokens, is_held = self.env["payment.token"].sudo(), False
        domain = tokens._fusion_domain_expiring(max(NOTICES))
        while found := tokens.search(domain, limit=BATCH, order="id"):
            domain &= Domain("id", ">", found[-1].id)
            more = tokens.search_count(domain, limit=BATCH)
            for position, token in enumerate(found, 1):
                is_held |= not self.sudo()._try_to_tell(token)
                if not commit_progress(self.env, 1, remaining=more + len(found) - position):
                    return
        if is_held:
            self.env.ref(TELL)._trigger(now() + HELD_FOR)

    def _try_to_tell(self, token):
        """Tell of a method; one that fails keeps no other from being told."""
        try:
            return self._tell_once(token)
        except Exception:
            _logger.exception("That payment method %s expires could not be told", token.id)
            return True

    def _tell_once(self, token):
        """Tell of a method what is to be told today; return whether nobody else was at it."""
        with left_if_busy(self.env):
            if not token.try_lock_for_update(allow_referencing=True):
                return False
            days = self._days_to_tell(token)
            subscriptions = token._fusion_charged_subscriptions() if days else None
            if subscriptions:
                lock_in_turn(token)
                self._note(token, days, subscriptions)._tell(subscriptions)
                self.env.flush_all()
            return True
        return False

    def _days_to_tell(self, token):
        """Return which notice is to be given today; None if it was given, or none is."""
        expires_on = token.fusion_expires_on
        if not expires_on:
            return None  # somebody has just removed it
        left = (expires_on - token.company_id._fusion_today()).days
        days = next((days for days in NOTICES if 0 <= left <= days), None)
        same = [("token_id", "=", token.id), ("expires_on", "=", expires_on), ("days", "=", days)]
        return None if self.search_count(same, limit=1) else days

    def _note(self, token, days, subscriptions):
        told = token.partner_id | subscriptions.partner_invoice_id | subscriptions.partner_id
        return self.create(
            {
                "token_id": token.id,
                "partner_id": (told.filtered("email") or told)[0].id,
                "expires_on": token.fusion_expires_on,
                "days": days,
            }
        )

    # === TELLING === #

    def _tell(self, subscriptions):
        """Tell the customer, in the transaction that notes it; later aspects tell others.

        An e-mail that cannot be made keeps nothing back: a person is asked to tell them.

        :param subscriptions: that are charged to the method
        """
        self.ensure_one()
        try:
            with no_alarm(), self.env.cr.savepoint():
                is_told = self._mail()
        except RUN_AGAIN:
            raise
        except Exception as error:
            _logger.info("%s could not be told by e-mail: %s", self.partner_id.id, error)
            is_told = False
        if is_told:
            for order in subscriptions:
                order._message_log(body=plaintext2html(self._sentence_told()))
        else:
            self._ask_to_tell(subscriptions[0])

    def _mail(self):
        """Queue the e-mail; return whether there is an address to send it to."""
        template = self.env.ref(TEMPLATE, raise_if_not_found=False)
        if not template or not self.partner_id.email:
            return False
        template.send_mail(self.id, email_layout_xmlid="mail.mail_notification_light")
        self.env.ref("mail.ir_cron_mail_scheduler_action")._trigger()
        return True

    def _sentence_told(self):
        return self.env._(
            "%(customer)s was told by e-mail that %(method)s expires on %(day)s.", **self._words()
        )

    def _ask_to_tell(self, order):
        sentence = self.env._(
            "%(customer)s could not be told by e-mail that %(method)s expires on %(day)s. Tell them"
            " yourself: they save another one in the portal, under Payment Methods.",
            **self._words(),
        )
        order.activity_schedule(
            "mail.mail_activity_data_warning",
            summary=self.env._("A customer's payment method expires"),
            note=plaintext2html(sentence),
            user_id=order._fusion_responsible().id,
        )

    def _words(self):
        return {
            "customer": self.partner_id.display_name,
            "method": self.token_id.display_name,
            "day": format_date(self.env, self.expires_on),
        }

import logging
from decimal import Decimal

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import plaintext2html

from ..base.retry import RUN_AGAIN, no_alarm
from ..base.wording import format_period
from ..catalog.price_wording import format_price

_logger = logging.getLogger(__name__)


class FusionBillingRating(models.Model):
    """Tells customers when usage reaches an amount that they set."""

    _inherit = "fusion.billing.rating"

    def _tell(self, threshold):
        """Apps are told of every threshold, and the customer of their own."""
        super()._tell(threshold)
        if threshold.told_partner_id and self.company_id._fusion_real():
            self._mail(threshold)

    def _describe_reached(self, threshold):
        described = super()._describe_reached(threshold)
        described["threshold"] |= {
            "set_by": "customer" if threshold.told_partner_id else "staff",
            "is_budget": threshold.is_budget,
        }
        return described

    def _mail(self, threshold):
        """Queue the e-mail, in the transaction that rates: it is sent if the amount is kept.

        One that cannot be made keeps nobody from being rated: a person is asked to tell them.
        """
        try:
            with no_alarm(), self.env.cr.savepoint():
                self._queue_mail(threshold)
        except RUN_AGAIN:
            raise
        except UserError as error:
            self._ask_to_tell(threshold, str(error))
        except Exception:
            _logger.exception("Threshold %s could not be told by e-mail", threshold.id)
            self._ask_to_tell(
                threshold,
                self.env._(
                    "Something unexpected went wrong; the server log of %s says what.",
                    fields.Datetime.now(),
                ),
            )

    def _ask_to_tell(self, threshold, reason):
        order = self.subscription_id
        sentence = self.env._(
            "%(customer)s could not be told by e-mail that usage has come to %(limit)s. Tell them"
            " yourself. %(reason)s",
            customer=threshold.told_partner_id.display_name,
            limit=format_price(self.env, threshold._value().normalize(), order.currency_id),
            reason=reason,
        )
        order.activity_schedule(
            "mail.mail_activity_data_warning",
            summary=self.env._("A customer was not told of their usage"),
            note=plaintext2html(sentence),
            user_id=order._fusion_responsible().id,
        )

    def _queue_mail(self, threshold):
        partner = threshold.told_partner_id
        # The queue sends it: whoever rates does not wait for a mail server.
        order = self.subscription_id.with_context(lang=partner.lang, mail_notify_force_send=False)
        company = order.company_id
        message = self.with_env(order.env)._prepare_mail(threshold)
        order.message_notify(
            partner_ids=partner.ids,
            author_id=company.partner_id.id,
            email_from=company.email_formatted,
            model_description=order.env._("Subscription"),
            **message,
        )
        order.env.ref("mail.ir_cron_mail_scheduler_action")._trigger()

    def _prepare_mail(self, threshold):
        order = self.subscription_id
        amounts = self._read_exact(["amount"])
        used = sum((row["amount"] for row in amounts.values()), Decimal(0))
        words = {
            "order": order.name,
            "limit": format_price(self.env, threshold._value().normalize(), order.currency_id),
        }
        subject = (
            self.env._("%(order)s: your budget of %(limit)s is used up", **words)
            if threshold.is_budget
            else self.env._("%(order)s: usage has come to %(limit)s", **words)
        )
        body = self.env["ir.qweb"]._render(
            "fusion_billing.alert_mail",
            {
                "is_budget": threshold.is_budget,
                "limit": words["limit"],
                "plan": order.fusion_plan_id.name,
                "used": format_price(self.env, used, order.currency_id),
                "period": format_period(
                    self.env, min(self.mapped("cycle_start")), max(self.mapped("cycle_end"))
                ),
            },
        )
        return {"subject": subject, "body": body}

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import format_datetime, plaintext2html

from ...core.webhook.safe_http import resolve
from ...core.webhook.safe_target import SafeHttpError, check_url
from ..base.staff import check_staff

# Nothing but failures for so long, and nobody is there any more.
PATIENCE = timedelta(days=5)
RATED_DAYS = 7
UNKNOWN_YET = ("host_not_found", "timeout")
GONE = 410


class FusionBillingService(models.Model):
    """Where a service wants its events, how that endpoint does, and what staff can do with it."""

    _name = "fusion.billing.service"
    _inherit = ["fusion.billing.service", "mail.activity.mixin"]

    webhook_url = fields.Char(
        tracking=True, copy=False, help="Events are sent here: an https address that is public."
    )
    webhook_enabled = fields.Boolean(
        "Send Events",
        default=True,
        tracking=True,
        copy=False,
        help="While it is off nothing is sent, and what happens is not kept for later.",
    )
    webhook_disabled_reason = fields.Char("Why Disabled", readonly=True, copy=False)
    webhook_failing_since = fields.Datetime(
        "Failing Since",
        readonly=True,
        copy=False,
        help="Every attempt since then has failed. After five days nothing more is sent.",
    )
    webhook_secret_ids = fields.One2many(
        "fusion.billing.webhook.secret", "service_id", groups="fusion_billing.group_manager"
    )
    webhook_delivery_ids = fields.One2many("fusion.billing.webhook.delivery", "service_id")
    webhook_receives = fields.Boolean(compute="_compute_webhook_receives")
    webhook_success_rate = fields.Float(
        "Success Rate",
        compute="_compute_webhook_health",
        help="Of all attempts of the last seven days.",
    )
    webhook_last_failure = fields.Datetime("Last Failure", compute="_compute_webhook_health")
    webhook_failed_count = fields.Integer("Failed Events", compute="_compute_webhook_counts")
    webhook_delivery_count = fields.Integer("Events", compute="_compute_webhook_counts")

    # === COMPUTE METHODS === #

    @api.depends("active", "webhook_enabled", "webhook_url")
    def _compute_webhook_receives(self):
        for service in self:
            service.webhook_receives = (
                service.active and service.webhook_enabled and bool(service.webhook_url)
            )

    @api.depends("webhook_delivery_ids.attempt_ids")
    def _compute_webhook_health(self):
        since = fields.Datetime.now() - timedelta(days=RATED_DAYS)
        attempts = self.env["fusion.billing.webhook.attempt"]
        counts = {
            (service, outcome): (count, latest)
            for service, outcome, count, latest in attempts._read_group(
                [("service_id", "in", self.ids), ("started_at", ">=", since)],
                ["service_id", "outcome"],
                ["__count", "started_at:max"],
            )
        }
        for service in self:
            succeeded, _latest = counts.get((service, "success"), (0, False))
            failed, last_failure = counts.get((service, "failure"), (0, False))
            service.webhook_success_rate = succeeded / ((succeeded + failed) or 1)
            service.webhook_last_failure = last_failure

    @api.depends("webhook_delivery_ids.state")
    def _compute_webhook_counts(self):
        counts = {
            (service, state): count
            for service, state, count in self.env["fusion.billing.webhook.delivery"]._read_group(
                [("service_id", "in", self.ids)], ["service_id", "state"], ["__count"]
            )
        }
        for service in self:
            own = {state: count for (owner, state), count in counts.items() if owner == service}
            service.webhook_failed_count = own.get("failed", 0)
            service.webhook_delivery_count = sum(own.values())

    @api.constrains("webhook_url")
    def _check_webhook_url(self):
        """Refuse an address that events may not be sent to (W2); it is checked again when sent.

        A host that is not found yet is not refused: endpoints are entered before they exist.
        """
        transport = self.env["fusion.billing.webhook.delivery"]._transport()
        transport.pop("ca_file")
        for service in self.filtered("webhook_url"):
            try:
                resolve(check_url(service.webhook_url, **transport))
            except SafeHttpError as error:
                if error.code not in UNKNOWN_YET:
                    raise ValidationError(error.message) from error

    # === CRUD METHODS === #

    def write(self, vals):
        changed = self.filtered(lambda service: service._endpoint_changes(vals))
        result = super().write(vals)
        changed._start_endpoint_afresh()
        return result

    # === BUSINESS METHODS === #

    @api.model
    def _somebody_receives(self):
        """Whether there is any endpoint to tell of what happens."""
        # sudo: whoever does business need not know of services.
        return bool(
            self.sudo().search_count(
                [("webhook_enabled", "=", True), ("webhook_url", "!=", False)], limit=1
            )
        )

    def _endpoint_changes(self, vals):
        """Whether these values enable the endpoint, or move it."""
        enables = vals.get("webhook_enabled") and not self.webhook_enabled
        return enables or ("webhook_url" in vals and vals["webhook_url"] != self.webhook_url)

    def _start_endpoint_afresh(self):
        """Forget how the endpoint did, and try at once what has waited for it."""
        self.webhook_failing_since = False
        self.filtered("webhook_enabled").webhook_disabled_reason = False
        self.env["fusion.billing.webhook.delivery"].search(
            [("service_id", "in", self.filtered("webhook_receives").ids), ("state", "=", "pending")]
        )._resend()

    def _generate_webhook_secret(self, overlap_hours=0):
        """Make the secret that signs from now on and return it: it cannot be read again.

        :param int overlap_hours: for how long older secrets go on signing as well
        """
        self.ensure_one()
        return self.env["fusion.billing.webhook.secret"]._generate(self, overlap_hours)

    def _send_test_event(self):
        """Emit `endpoint.test`; return its delivery.

        :raise UserError: the endpoint is not ready
        """
        self.ensure_one()
        if not self.webhook_receives:
            raise UserError(
                self.env._(
                    "You cannot do this yet: set the endpoint's URL and let it receive events"
                    " first."
                )
            )
        # sudo: that there is a secret is no secret.
        if not self.sudo().webhook_secret_ids:
            raise UserError(
                self.env._(
                    "You cannot do this yet: generate the secret that signs the events first."
                )
            )
        return self.env["fusion.billing.webhook.delivery"]._emit(
            "endpoint.test", self, lambda service: {"service": service.code, "message": "It works."}
        )

    def _note_webhook_failure(self, url, status, now):
        """Disable an endpoint that says it is gone, or that has only failed for five days.

        :param str url: where the attempt went: what an old address does is nobody's fault
        :param int status: what the endpoint answered, None if it did not
        :param datetime now: naive UTC
        """
        if self.webhook_url != url:
            return
        if not self.webhook_failing_since:
            self.webhook_failing_since = now
        if not self.webhook_enabled:
            return
        if status == GONE:
            self._disable_webhook(self.env._("The endpoint answered 410: it is gone for good."))
        elif now - self.webhook_failing_since >= PATIENCE:
            self._disable_webhook(
                self.env._(
                    "Every event since %s has failed.",
                    format_datetime(
                        self.env, self.webhook_failing_since, tz=self.company_id.fusion_billing_tz
                    ),
                )
            )

    def _disable_webhook(self, reason):
        """Send nothing more, and ask the billing managers to look at it.

        What is not delivered stays, and is sent when somebody enables the endpoint again.
        """
        self.write({"webhook_enabled": False, "webhook_disabled_reason": reason})
        managers = self.env.ref("fusion_billing.group_manager").all_user_ids.filtered(
            lambda user: user.active and self.company_id in user.company_ids
        )
        for manager in managers:
            self.activity_schedule(
                "fusion_billing.mail_activity_type_webhook",
                note=plaintext2html(reason),
                user_id=manager.id,
            )

    def _enable_webhook(self):
        """Send events again, what has waited for it first; nobody need look at it any more."""
        self.webhook_enabled = True
        self.activity_unlink(["fusion_billing.mail_activity_type_webhook"])

    # === ACTIONS === #

    def action_webhook_test(self):
        self._check_manager()
        delivery = self._send_test_event()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("The event %s is on its way.", delivery.event_id),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def action_webhook_enable(self):
        self._check_manager()
        self._enable_webhook()

    def action_webhook_resend_failed(self):
        """Queue every failed event of these services again."""
        self._check_manager()
        deliveries = self.env["fusion.billing.webhook.delivery"]
        for service in self:
            deliveries.search(deliveries._replay_domain(service, only_failed=True))._resend()

    def action_view_webhook_deliveries(self):
        self.ensure_one()
        check_staff(self, "read")
        action = self.env["ir.actions.actions"]._for_xml_id(
            "fusion_billing.fusion_billing_webhook_delivery_action"
        )
        return dict(action, domain=[("service_id", "=", self.id)], context={})

    def _check_manager(self):
        """:raise AccessError: somebody else than a billing manager calls"""
        self.check_access("write")
        if not self.env.user.has_group("fusion_billing.group_manager"):
            raise AccessError(
                self.env._("You cannot do this with an endpoint: only billing managers can.")
            )

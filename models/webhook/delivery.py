import json
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from ...core.api.answer import write_json
from ...core.api.events import API_VERSION, EVENTS
from ...core.webhook.signing import new_event_id

EVENT_TYPES = [(event.type, event.label) for event in EVENTS]
STATES = [
    ("pending", "Waiting"),
    ("sending", "Sending"),
    ("delivered", "Delivered"),
    ("failed", "Failed"),
    ("cancelled", "Cancelled"),
]
OPEN = "state IN ('pending', 'sending')"
VACUUM_BATCH = 5000
REPLAY_LIMIT = 10_000  # events that are queued again in one transaction


class FusionBillingWebhookDelivery(models.Model):
    """The outbox: one event for one service, written with what it tells of (W3).

    The row is created in the transaction of the business event, so that the event is told if,
    and only if, it happened. The body is the text whose bytes are signed and sent, on every
    attempt (W1).
    """

    _name = "fusion.billing.webhook.delivery"
    _description = "Webhook Delivery"
    _order = "id desc"
    _rec_name = "event_id"

    service_id = fields.Many2one(
        "fusion.billing.service", required=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="service_id.company_id", store=True, index=True)
    event_id = fields.Char("Event ID", required=True, readonly=True)
    event_type = fields.Selection(EVENT_TYPES, "Event", required=True, readonly=True)
    api_version = fields.Char(required=True, readonly=True, default=API_VERSION)
    subscription_id = fields.Many2one(
        "sale.order",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        help="Events of one subscription are sent in order, unless one is failing.",
    )
    body = fields.Text("Content", required=True, readonly=True)
    state = fields.Selection(
        STATES, required=True, readonly=True, default="pending", group_expand=True
    )
    attempts = fields.Integer(
        required=True, readonly=True, default=0, help="Since the event was last queued."
    )
    first_attempt_at = fields.Datetime("First Attempt", readonly=True)
    next_attempt_at = fields.Datetime(
        "Next Attempt",
        readonly=True,
        help="While the event is being sent: when it is taken for lost and sent again.",
    )
    delivered_at = fields.Datetime("Delivered", readonly=True)
    last_status = fields.Integer("HTTP Status", readonly=True, aggregator=None)
    last_error = fields.Char("Problem", readonly=True)
    attempt_ids = fields.One2many(
        "fusion.billing.webhook.attempt", "delivery_id", "Attempt Details", readonly=True
    )
    request = fields.Text(compute="_compute_request", help="As it is sent, but the signature.")

    _event_unique = models.Constraint(
        "UNIQUE(service_id, event_id)", "An event must be delivered once to each service."
    )
    # What the sender looks for; they stay as small as the backlog.
    _due = models.Index(f"(service_id, next_attempt_at, id) WHERE {OPEN}")
    _in_order = models.Index(f"(service_id, subscription_id, id) WHERE {OPEN}")
    _in_flight = models.Index("(service_id) WHERE state = 'sending'")
    _failed = models.Index("(service_id) WHERE state = 'failed'")
    _delivered = models.Index("(delivered_at) WHERE state = 'delivered'")

    # === COMPUTE METHODS === #

    @api.depends("event_id", "event_type", "body", "service_id.webhook_url")
    def _compute_request(self):
        for delivery in self:
            body = json.dumps(json.loads(delivery.body), indent=2, ensure_ascii=False)
            delivery.request = (
                f"POST {delivery.service_id.webhook_url or ''}\n"
                "Content-Type: application/json\n"
                f"webhook-id: {delivery.event_id}\n"
                f"X-Fusion-Event-Type: {delivery.event_type}\n\n{body}"
            )

    # === BUSINESS METHODS - EMITTING === #

    @api.model
    def _emit(self, event_type, services, describe, subscription=None):
        """Tell services of an event, if this transaction is committed.

        Services that have no endpoint, or whose endpoint is disabled, are left out.

        :param str event_type: one of :data:`EVENT_TYPES`
        :param services: those concerned
        :param describe: function from a service to the event's `data`, a dict: services know
            the same customer under different names
        :param subscription: whose events are to arrive in order
        :return: the deliveries, one for each service
        """
        # sudo: whoever does business is not asked whether he may write to the outbox.
        recipients = services.sudo().filtered("webhook_receives")
        if not recipients:
            return self.browse()
        event = {"id": new_event_id(), "type": event_type, "timestamp": self._now()}
        deliveries = self.sudo().create(
            [
                self._prepare_delivery(event, service, describe(service), subscription)
                for service in recipients
            ]
        )
        self._wake_sender()
        return deliveries

    @api.model
    def _prepare_delivery(self, event, service, data, subscription):
        body = write_json(self._describe_event(event, service, data))
        return {
            "service_id": service.id,
            "event_id": event["id"],
            "event_type": event["type"],
            "subscription_id": subscription.id if subscription else False,
            "body": body.decode(),
            "next_attempt_at": event["timestamp"],
        }

    @api.model
    def _describe_event(self, event, service, data):
        """Return the body of an event as data: what happened when, and what it tells of."""
        return {**event, "api_version": API_VERSION, "data": data}

    @api.model
    def _now(self):
        """Return this transaction's second by the database's clock.

        What is due, leased or expired is judged by that clock alone: those of several machines
        differ, and one that is fast would take others' leases for lost.
        """
        return self.env.cr.now().replace(microsecond=0)

    @api.model
    def _wake_sender(self):
        """Let the sender start as soon as this transaction is committed; asked for once."""
        precommit = self.env.cr.precommit
        if not precommit.data.get("fusion_billing.wake_sender"):
            precommit.data["fusion_billing.wake_sender"] = True
            # sudo: whoever does business need not know of scheduled actions.
            cron = self.env.ref("fusion_billing.ir_cron_deliver_webhooks").sudo()
            precommit.add(cron._trigger)

    def _told_subscription(self):
        """Return the subscription of an event, if its service may know of it."""
        return self.subscription_id.filtered(self.service_id._sees)

    # === BUSINESS METHODS - SENDING AGAIN === #

    def _resend(self):
        """Queue events again, whatever became of them: the same id, the same bytes.

        One that is being sent at this moment is left alone.

        :return: how many were queued
        """
        # sudo: callers check who asks; the outbox is written by the addon alone.
        queued = self.sudo().filtered(lambda delivery: delivery.state != "sending")
        queued.write(
            {
                "state": "pending",
                "attempts": 0,
                "first_attempt_at": False,
                "delivered_at": False,
                "next_attempt_at": self._now(),
            }
        )
        self._wake_sender()
        return len(queued)

    @api.model
    def _replay(self, domain, after=0):
        """Queue past events again in the order of their ids, a limited number of them.

        :param int after: the id after which they begin
        :return: how many were queued; and the id after which to go on, None if none are left
        """
        found = self.search_fetch(
            domain & Domain("id", ">", after), ["state"], order="id", limit=REPLAY_LIMIT + 1
        )
        some = found[:REPLAY_LIMIT]
        return some._resend(), some[-1].id if len(found) > REPLAY_LIMIT else None

    @api.model
    def _replay_domain(self, service, since=None, until=None, only_failed=False):
        """Return the domain of a service's past events: created in `[since, until)`.

        :param datetime since: naive UTC; for failed events it means failed since then
        """
        domain = Domain("service_id", "=", service.id) & Domain(
            "state", "in", ["failed"] if only_failed else ["delivered", "failed", "cancelled"]
        )
        if since:
            domain &= Domain("write_date" if only_failed else "create_date", ">=", since)
        if until:
            domain &= Domain("create_date", "<", until)
        return domain

    # === ACTIONS === #

    def action_resend(self):
        self._check_staff()
        self._resend()

    def action_cancel(self):
        """Give up what is not delivered."""
        self._check_staff()
        if "sending" in self.mapped("state"):
            raise UserError(
                self.env._(
                    "You cannot do this while an event is being sent: try again in a moment."
                )
            )
        # sudo: the outbox is written by the addon alone.
        self.sudo().filtered(lambda delivery: delivery.state in ("pending", "failed")).write(
            {"state": "cancelled", "next_attempt_at": False}
        )

    def _check_staff(self):
        """:raise AccessError: somebody else than billing staff calls"""
        self.check_access("read")
        if not self.env.user.has_group("fusion_billing.group_user"):
            raise AccessError(
                self.env._("You cannot do this with an event: only billing staff can.")
            )

    # === RETENTION === #

    @api.autovacuum
    def _gc_done(self):
        """Remove what was delivered, or given up by staff, longer ago than the setting says.

        Failed events stay until somebody acts.
        """
        # sudo: parameters are read by nobody but system administrators.
        days = (
            self.env["ir.config_parameter"]
            .sudo()
            .get_param("fusion_billing.webhook_retention_days", "90")
        )
        limit = self._now() - timedelta(days=int(days))
        done = self.search(
            Domain("state", "=", "delivered") & Domain("delivered_at", "<", limit)
            | Domain("state", "=", "cancelled") & Domain("write_date", "<", limit),
            limit=VACUUM_BATCH,
        )
        done.unlink()
        return len(done), len(done) == VACUUM_BATCH

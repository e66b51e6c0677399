from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...core.api import errors, paging
from ...core.api.payload import invalid, missing
from ..api.paging import find_page


class FusionBillingApiDeliveries(models.AbstractModel):
    """The events of an app: it looks at them, and has them sent again."""

    _name = "fusion.billing.api.deliveries"
    _description = "API: webhook deliveries"

    # === ENDPOINTS === #

    def _list(self, service, values):
        domain = Domain("service_id", "=", service.id)
        for name in ("state", "event_type"):
            if values[name]:
                domain &= Domain(name, "=", values[name])
        page, next_cursor = find_page(
            self.env["fusion.billing.webhook.delivery"],
            domain,
            values["limit"],
            values["cursor"],
            values["changed_since"],
        )
        return {"deliveries": self._describe_deliveries(page), "next_cursor": next_cursor}

    def _read(self, service, event_id, _values):
        """Return one event with its content and what came of each attempt."""
        delivery = self._find(service, event_id)
        # sudo: the technical user reads no attempts but those of an event of this service.
        attempts = delivery.sudo().attempt_ids
        return {
            **self._describe_deliveries(delivery)[0],
            "body": delivery.body,
            "all_attempts": list(map(_describe_attempt, attempts)),
        }

    def _retry(self, service, event_id, _values):
        """Send one event again, now."""
        delivery = self._find(service, event_id)
        self._check_endpoint_ready(service)
        delivery._resend()
        return self._describe_deliveries(delivery)[0]

    def _replay(self, service, values):
        """Send the events of a span of time again, or all that failed since a time.

        :return: `queued`, how many are on their way now; `next_cursor`, if there are more
        """
        since = values["failed_since"] or values["from"]
        if since is None:
            raise missing("from")
        if values["failed_since"] and (values["from"] or values["to"]):
            raise invalid("failed_since", "stands by itself, without from and to")
        self._check_endpoint_ready(service)
        deliveries = self.env["fusion.billing.webhook.delivery"]
        domain = deliveries._replay_domain(
            service, since, values["to"], only_failed=bool(values["failed_since"])
        )
        queued, last_id = deliveries._replay(domain, values["cursor"])
        return {"queued": queued, "next_cursor": last_id and paging.make_cursor(last_id)}

    def _test(self, service, _values):
        try:
            delivery = service._send_test_event()
        except UserError as error:
            raise errors.InvalidInput(str(error), "endpoint_not_ready") from error
        return {**self._describe_deliveries(delivery)[0], "created": True}

    def _find(self, service, event_id):
        """:raise NotFound: this service has no such event"""
        delivery = self.env["fusion.billing.webhook.delivery"].search(
            [("service_id", "=", service.id), ("event_id", "=", event_id)]
        )
        if not delivery:
            raise errors.NotFound("This service has no such event.")
        return delivery

    def _check_endpoint_ready(self, service):
        if not service.webhook_receives:
            raise errors.InvalidInput(
                "This service has no endpoint, or it is disabled: nothing can be sent.",
                "endpoint_not_ready",
            )

    # === ANSWERS === #

    def _describe_deliveries(self, deliveries):
        return [
            {
                "event_id": delivery.event_id,
                "event_type": delivery.event_type,
                "state": delivery.state,
                # An invoice may bill others, too, of which the app is not told.
                "subscription_id": delivery._told_subscription().id or None,
                "created_at": delivery.create_date,
                "attempts": delivery.attempts,
                "next_attempt_at": (delivery.state == "pending" or None)
                and delivery.next_attempt_at,
                "delivered_at": delivery.delivered_at or None,
                "last_status": delivery.last_status or None,
                "last_error": delivery.last_error or None,
            }
            for delivery in deliveries
        ]


def _describe_attempt(attempt):
    return {
        "number": attempt.number,
        "sent_at": attempt.started_at,
        "url": attempt.url,
        "duration_ms": attempt.duration_ms,
        "outcome": attempt.outcome,
        "http_status": attempt.status or None,
        "error": attempt.error or None,
        "response": attempt.response_excerpt or None,
    }

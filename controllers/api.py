"""The API's routes, version 1: each names who answers it, and nothing else."""

from odoo import http
from odoo.http import request
from odoo.modules import Manifest

from ..core.api.api_path import urls
from ..core.api.payload import read_fields
from ..core.api.rate import EVENTS
from ..core.api.scopes import BILLING_WRITE, OPERATIONS, READ, USAGE_WRITE
from .body import BODY_LIMIT
from .dispatcher import FusionDispatcher


def api_route(path, verb, scope, **routing):
    """Declare an endpoint; the dispatcher gives it the `payload` and what the path names.

    :param str scope: what a key must be good for; None where no key is asked

    The payload is a dict: the JSON body (numbers as decimals), or the query of a GET. The
    endpoint returns a dict that goes into the answer; `created` makes it a 201.
    """
    return http.route(
        urls(path),
        methods=[verb],
        **{
            "type": FusionDispatcher.routing_type,
            "auth": "fusion" if scope else "none",
            "scope": scope,
            "csrf": False,
            "save_session": False,
            "readonly": verb == "GET",
            "max_content_length": BODY_LIMIT,
            **routing,
        },
    )


def api(group):
    """Return who answers a group of endpoints: `fusion.billing.api.…`."""
    return request.env[f"fusion.billing.api.{group}"]


def service():
    """Return the service whose key the request has."""
    return request.fusion_service


def count_events(payload):
    """Count a batch against its service's quota, once, however often Odoo tries the request.

    :raise RateLimited: the quota is used up
    """
    events = payload.get("events")
    counted = any(rate.kind == EVENTS for rate in request.fusion_rates)
    if isinstance(events, list) and not counted:
        quota = request.env["fusion.billing.quota"]
        request.fusion_rates += quota._take_events(service(), len(events))


class FusionBillingApi(http.Controller):
    @api_route("/health", "GET", None)
    def health(self, payload):
        read_fields(payload, {})
        return {"version": Manifest.for_addon("fusion_billing")["version"]}

    @api_route("/ready", "GET", OPERATIONS)
    def ready(self, payload):
        return api("readiness")._read(payload)

    @api_route("/metrics", "GET", OPERATIONS)
    def metrics(self, payload):
        return api("metrics")._read(service(), payload)

    # === CUSTOMERS === #

    @api_route("/customers", "POST", BILLING_WRITE)
    def register_customer(self, payload):
        return api("customers")._register_customer(service(), payload)

    @api_route("/customers", "GET", READ)
    def list_customers(self, payload):
        return api("customers")._list(service(), payload)

    @api_route("/customers/<path:external_id>", "GET", READ)
    def read_customer(self, external_id, payload):
        return api("customers")._read(service(), external_id, payload)

    # === SUBSCRIPTIONS === #

    @api_route("/subscriptions", "POST", BILLING_WRITE)
    def create_subscription(self, payload):
        return api("subscriptions")._create_one(service(), payload)

    @api_route("/subscriptions", "GET", READ)
    def list_subscriptions(self, payload):
        return api("subscriptions")._list(service(), payload)

    @api_route("/subscriptions/<subscription_id>", "GET", READ)
    def read_subscription(self, subscription_id, payload):
        return api("subscriptions")._read(service(), subscription_id, payload)

    @api_route("/subscriptions/<subscription_id>/pause", "POST", BILLING_WRITE)
    def pause_subscription(self, subscription_id, payload):
        return api("subscriptions")._pause(service(), subscription_id, payload)

    @api_route("/subscriptions/<subscription_id>/resume", "POST", BILLING_WRITE)
    def resume_subscription(self, subscription_id, payload):
        return api("subscriptions")._resume(service(), subscription_id, payload)

    @api_route("/subscriptions/<subscription_id>/cancel", "POST", BILLING_WRITE)
    def cancel_subscription(self, subscription_id, payload):
        return api("subscriptions")._cancel(service(), subscription_id, payload)

    @api_route("/subscriptions/<subscription_id>/change_plan", "POST", BILLING_WRITE)
    def change_plan(self, subscription_id, payload):
        return api("subscriptions")._change_plan(service(), subscription_id, payload)

    # === USAGE === #

    @api_route("/usage", "POST", USAGE_WRITE)
    def push_usage(self, payload):
        count_events(payload)
        return api("usage")._push(service(), payload)

    @api_route("/usage", "GET", READ)
    def list_usage(self, payload):
        return api("usage")._list(service(), payload)

    @api_route("/subscriptions/<subscription_id>/usage", "GET", READ, readonly=False)
    def read_period_usage(self, subscription_id, payload):
        return api("period_usage")._read(service(), subscription_id, payload)

    @api_route("/subscriptions/<subscription_id>/upcoming_invoice", "GET", READ, readonly=False)
    def read_upcoming_invoice(self, subscription_id, payload):
        return api("upcoming")._read(service(), subscription_id, payload)

    # === CATALOG === #

    @api_route("/catalog", "GET", READ)
    def read_catalog(self, payload):
        return api("catalog")._read(service(), payload)

    @api_route("/estimate", "POST", READ, readonly=True)
    def estimate_usage(self, payload):
        return api("estimate")._estimate(service(), payload)

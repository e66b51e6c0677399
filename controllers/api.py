"""The API's routes, version 1: each names who answers it, and nothing else."""

from odoo import http
from odoo.http import request
from odoo.modules import Manifest

from ..core.api import docs_page, openapi
from ..core.api.answer import Document
from ..core.api.api_path import urls
from ..core.api.endpoints import catalog, customers, items, server, subscriptions, usage
from ..core.api.idempotency import HEADER
from ..core.api.rate import EVENTS
from .body import BODY_LIMIT
from .dispatcher import FusionDispatcher


def api_route(endpoint):
    """Route an endpoint; the dispatcher gives it what the path names, and the `values` of its
    declared fields.

    :param endpoint: :class:`..core.api.endpoint.Endpoint`

    What is routed returns a dict that goes into the answer; `created` makes it a 201.
    """
    routing = {
        "type": FusionDispatcher.routing_type,
        "auth": "fusion" if endpoint.scope else "none",
        "endpoint": endpoint,
        "csrf": False,
        "save_session": False,
        "readonly": endpoint.reads_only and (unless_kept if endpoint.has_body else True),
        "max_content_length": BODY_LIMIT,
    }
    return http.route(urls(endpoint.route), methods=[endpoint.verb], **routing)


def unless_kept(_controller, _rule, _path):
    """Whether a request that writes nothing may run on a replica: not if its answer is kept."""
    return HEADER not in request.httprequest.headers


def api(group):
    """Return who answers a group of endpoints: `fusion.billing.api.…`."""
    return request.env[f"fusion.billing.api.{group}"]


def version():
    """Return the addon's."""
    return Manifest.for_addon("fusion_billing")["version"]


def service():
    """Return the service whose key the request has."""
    return request.fusion_service


def asking():
    """Return the id of the key that the request has."""
    return request.fusion_key_id


def count_events(values):
    """Count a batch against its service's quota, once, however often Odoo tries the request.

    :raise RateLimited: the quota is used up
    """
    if not any(rate.kind == EVENTS for rate in request.fusion_rates):
        quota = request.env["fusion.billing.quota"]
        request.fusion_rates += quota._take_events(service(), len(values["events"]))


class FusionBillingApi(http.Controller):
    @api_route(server.INDEX)
    def index(self, values):
        pages = (server.DOCS, server.DESCRIPTION, server.HEALTH)
        paths = {page.name: urls(page.path)[0] for page in pages}
        return {"version": version(), **paths}

    @api_route(server.HEALTH)
    def health(self, values):
        return {"version": version()}

    @api_route(server.DESCRIPTION)
    def describe(self, values):
        return Document(openapi.write(version()), server.DESCRIPTION.content_type)

    @api_route(server.DOCS)
    def read_docs(self, values):
        return Document(docs_page.write(), server.DOCS.content_type, docs_page.HEADERS)

    @api_route(server.READY)
    def ready(self, values):
        return api("readiness")._read(values)

    @api_route(server.METRICS)
    def metrics(self, values):
        return api("metrics")._read(service(), values)

    # === CUSTOMERS === #

    @api_route(customers.REGISTER)
    def register_customer(self, values):
        return api("customers")._register_customer(service(), values)

    @api_route(customers.LIST)
    def list_customers(self, values):
        return api("customers")._list(service(), values)

    @api_route(customers.RETRIEVE)
    def read_customer(self, external_id, values):
        return api("customers")._read(service(), external_id, values)

    @api_route(customers.UPDATE)
    def update_customer(self, external_id, values):
        return api("customers")._update(service(), external_id, values)

    @api_route(customers.COLLECTION)
    def read_customer_collection(self, external_id, values):
        return api("collection")._read(service(), external_id, values)

    # === SUBSCRIPTIONS === #

    @api_route(subscriptions.CREATE)
    def create_subscription(self, values):
        return api("subscriptions")._create_one(service(), values)

    @api_route(subscriptions.LIST)
    def list_subscriptions(self, values):
        return api("subscriptions")._list(service(), values)

    @api_route(subscriptions.RETRIEVE)
    def read_subscription(self, subscription_id, values):
        return api("subscriptions")._read(service(), subscription_id, values)

    @api_route(subscriptions.PAUSE)
    def pause_subscription(self, subscription_id, values):
        return api("subscriptions")._pause(service(), subscription_id, values)

    @api_route(subscriptions.RESUME)
    def resume_subscription(self, subscription_id, values):
        return api("subscriptions")._resume(service(), subscription_id, values)

    @api_route(subscriptions.CANCEL)
    def cancel_subscription(self, subscription_id, values):
        return api("subscriptions")._cancel(service(), subscription_id, values)

    @api_route(subscriptions.CHANGE_PLAN)
    def change_plan(self, subscription_id, values):
        return api("subscriptions")._change_plan(service(), subscription_id, values)

    # === ITEMS AND CHANGES === #

    @api_route(items.LIST)
    def list_items(self, subscription_id, values):
        return api("items")._list(service(), subscription_id, values)

    @api_route(items.ADD)
    def add_item(self, subscription_id, values):
        return api("items")._add(service(), subscription_id, values)

    @api_route(items.CHANGE_ITEM)
    def change_item(self, subscription_id, item_id, values):
        return api("items")._change(service(), subscription_id, item_id, values)

    @api_route(items.LIST_CHANGES)
    def list_changes(self, subscription_id, values):
        return api("changes")._list(service(), subscription_id, values)

    @api_route(items.TAKE_BACK)
    def take_back_change(self, subscription_id, change_id, values):
        return api("changes")._take_back(service(), subscription_id, change_id, values)

    # === USAGE === #

    @api_route(usage.PUSH)
    def push_usage(self, values):
        count_events(values)
        return api("usage")._push(service(), values)

    @api_route(usage.PUSH_EVENTS)
    def push_events(self, values):
        count_events(values)
        return api("usage")._push_events(service(), values)

    @api_route(usage.LIST)
    def list_usage(self, values):
        return api("usage")._list(service(), values)

    @api_route(usage.DELETE)
    def delete_usage(self, values):
        return api("usage.deletion")._delete(service(), values)

    @api_route(usage.EXPORT)
    def export_usage(self, values):
        return Document(api("usage.export")._export(service(), values), usage.EXPORT.content_type)

    @api_route(subscriptions.PERIOD_USAGE)
    def read_period_usage(self, subscription_id, values):
        return api("period_usage")._read(service(), subscription_id, values)

    @api_route(subscriptions.UPCOMING_INVOICE)
    def read_upcoming_invoice(self, subscription_id, values):
        return api("upcoming")._read(service(), subscription_id, values)

    # === CATALOG === #

    @api_route(catalog.CATALOG)
    def read_catalog(self, values):
        return api("catalog")._read(service(), values)

    @api_route(catalog.LIST_PLANS)
    def list_plans(self, values):
        return api("catalog")._list_plans(service(), values)

    @api_route(catalog.RETRIEVE_PLAN)
    def read_plan(self, plan_code, values):
        return api("catalog")._read_plan(service(), plan_code, values)

    @api_route(catalog.RETRIEVE_METRIC)
    def read_metric(self, metric_code, values):
        return api("catalog")._read_metric(service(), metric_code, values)

    @api_route(catalog.ESTIMATE)
    def estimate_usage(self, values):
        return api("estimate")._estimate(service(), values)

from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...core.api import errors, paging
from ...core.api.payload import (
    ID_LIMIT,
    day,
    external_id,
    invalid,
    quantity,
    read_fields,
    record_id,
    required,
    text,
)
from ..base.retry import run_again_if_faster
from ..base.subscription_states import STARTED
from .paging import find_page

PLAN_CHANGE = {"plan_id": record_id, "plan_code": text, "date": day}
LINES = 100
LINE_QUANTITY = Decimal(10) ** 9
START_WITHIN = timedelta(days=5 * 366)


def order_lines(value, name):
    """Return the products that an app wants on a subscription: dicts of read fields."""
    if value is None:
        return []
    objects = isinstance(value, list) and all(isinstance(line, dict) for line in value)
    if not objects or len(value) > LINES:
        raise invalid(name, f"must be an array of at most {LINES} objects")
    return [read_fields(line, LINE) for line in value]


LINE = {"product_id": record_id, "product_code": text, "quantity": required(quantity)}
SUBSCRIPTION = {
    "external_customer_id": required(external_id),
    "external_id": external_id,
    "plan_id": record_id,
    "plan_code": text,
    "start_date": day,
    "lines": order_lines,
}

# What an app can do to a subscription: the seam's method, the state it leads to, and the date
# that comes with it.
CHANGES = {
    "pause": ("_fusion_pause", "4_paused", "fusion_pause_date"),
    "resume": ("_fusion_resume", "3_progress", "fusion_resume_date"),
    "cancel": ("_fusion_close", "6_churn", "fusion_end_date"),
}


@contextmanager
def told_as_invalid_state():
    """Tell the app, in the seam's own sentence, why a subscription does not allow something."""
    try:
        yield
    except UserError as error:
        raise errors.InvalidInput(str(error), "invalid_state") from error


class FusionBillingService(models.Model):
    """The subscriptions of an app's customers, as its API shows and changes them."""

    _inherit = "fusion.billing.service"

    # === ENDPOINTS === #

    def _create_subscription(self, payload):
        """Create and confirm a subscription, or find the one with this external id.

        :raise Conflict: that one is of another customer, on another plan or starts otherwise
        """
        values = read_fields(payload, SUBSCRIPTION)
        vals = {
            "partner_id": self._find_customer(values["external_customer_id"]).id,
            "plan_id": self._find_plan(values["plan_id"], values["plan_code"]).id,
            "service_id": self.id,
            "external_id": values["external_id"],
            "start_date": self._check_start(values["start_date"]),
            "lines": [self._prepare_line(line) for line in values["lines"]],
        }
        existing = self._find_own_subscription(values["external_id"])
        if existing:
            self._check_same_subscription(existing, vals)
            return {**self._describe_subscriptions(existing)[0], "created": False}
        with run_again_if_faster():
            # sudo: the API may create subscriptions of its customers, not orders in general.
            created = self.env["sale.order"].sudo()._fusion_create_subscription(vals)
        return {**self._describe_subscriptions(created.sudo(False))[0], "created": True}

    def _list_subscriptions(self, query):
        values = read_fields(query, paging.READERS)
        page, next_cursor = find_page(
            self.env["sale.order"], self._subscriptions_domain(), **values,
        )
        return {"subscriptions": self._describe_subscriptions(page), "next_cursor": next_cursor}

    def _read_subscription(self, subscription_id, query):
        read_fields(query, {})
        return self._describe_subscriptions(self._get_subscription(subscription_id))[0]

    def _change_subscription(self, subscription_id, change, payload):
        """Pause, resume or cancel. What is done already can be asked again.

        :param str change: a key of :data:`CHANGES`
        :raise NotFound: there is no such subscription
        :raise InvalidInput: `invalid_state`, the subscription does not allow it
        """
        date = read_fields(payload, {"date": day})["date"]
        subscription = self._get_subscription(subscription_id)
        method, state, date_field = CHANGES[change]
        done = subscription.fusion_state == state and date in (None, subscription[date_field])
        if not done:
            with told_as_invalid_state():
                # sudo: the API may change its subscriptions in these ways, not orders at large.
                getattr(subscription.sudo(), method)(date)
        return self._describe_subscriptions(subscription)[0]

    def _change_plan(self, subscription_id, payload):
        """Move a subscription to another plan. What is asked for already can be asked again.

        To ask for the plan that is in force takes back a change that is to come.

        :raise NotFound: there is no such subscription
        :raise InvalidInput: `invalid_state`, the subscription does not allow it
        """
        values = read_fields(payload, PLAN_CHANGE)
        plan = self._find_plan(values["plan_id"], values["plan_code"])
        subscription = self._get_subscription(subscription_id)
        with told_as_invalid_state():
            # sudo: the API may change its subscriptions in these ways, not orders at large.
            self._move_to_plan(subscription.sudo(), plan.sudo(), values["date"])
        return self._describe_subscriptions(subscription)[0]

    # === BUSINESS METHODS - FINDING === #

    def _subscriptions_domain(self):
        """Return the domain of the subscriptions of customers this service is linked to (U1).

        A customer is a company with all its contacts, archived ones too: the link may name one
        of them, the subscription another.
        """
        links = self.env["fusion.billing.account.link"]._search([("service_id", "=", self.id)])
        partners = self.env["res.partner"].with_context(active_test=False)
        linked = partners._search([("id", "in", links.subselect("partner_id"))])
        return self.env["sale.order"]._fusion_subscription_domain(STARTED) & Domain(
            "partner_id.commercial_partner_id", "in", linked.subselect("commercial_partner_id"),
        )

    def _find_subscriptions(self, domain):
        return self.env["sale.order"].search(self._subscriptions_domain() & domain, order="id")

    def _get_subscription(self, subscription_id):
        """:raise NotFound: there is none with this id (a text) for this service"""
        digits = subscription_id.isascii() and subscription_id.isdigit()
        if digits and len(subscription_id) <= 10 and int(subscription_id) < ID_LIMIT:
            found = self._find_subscriptions(Domain("id", "=", int(subscription_id)))
            if found:
                return found
        raise errors.NotFound(
            "There is no such subscription of a customer of this service; a path takes the"
            " subscription_id, the number that the subscription was answered with."
        )

    def _find_own_subscription(self, name):
        own = Domain("fusion_service_id", "=", self.id) & Domain("fusion_external_id", "=", name)
        return self.env["sale.order"].search(own) if name else self.env["sale.order"]

    def _find_customer(self, name):
        link = self._find_link(name)
        if not link:
            raise errors.InvalidInput(
                "There is no customer with this external id: register it first.",
                "unknown_customer", "external_customer_id",
            )
        return link.partner_id

    def _find_plan(self, plan_id, plan_code):
        return self._find_one(
            "fusion.billing.plan", Domain("company_id", "=", self.company_id.id),
            ("plan_id", plan_id), ("plan_code", plan_code), code_field="code",
        )

    def _find_product(self, line):
        sold = Domain("sale_ok", "=", True) & Domain("company_id", "in", (
            False, self.company_id.id,
        ))
        return self._find_one(
            "product.product", sold, ("product_id", line["product_id"]),
            ("product_code", line["product_code"]), code_field="default_code",
        )

    def _find_one(self, model, domain, by_id, by_code, code_field):
        """Return the record that is named by its id or by its code.

        :param tuple by_id: name of the field of the request, its value
        :param tuple by_code: the same for the code
        :raise InvalidInput: it is named twice or not at all, unknown, or not the only one
        """
        (id_name, record), (code_name, code) = by_id, by_code
        if record is None and code is None:
            raise errors.InvalidInput(f"{code_name} is missing.", "missing_field", code_name)
        if record is not None and code is not None:
            raise invalid(id_name, f"and {code_name} must not both be given")
        name = code_name if record is None else id_name
        named = Domain(code_field, "=", code) if record is None else Domain("id", "=", record)
        in_range = record is None or record < ID_LIMIT
        found = self.env[model].search(domain & named, limit=2) if in_range else self.env[model]
        if not found:
            kind = id_name.removesuffix("_id")
            raise errors.InvalidInput(f"There is no such {kind}.", f"unknown_{kind}", name)
        if len(found) > 1:
            raise invalid(name, f"names more than one: use {id_name}")
        return found

    # === BUSINESS METHODS - CHANGING === #

    def _move_to_plan(self, subscription, plan, date):
        """Change the plan, if that is not what the subscription waits for already."""
        awaited = subscription.fusion_next_plan_id, subscription.fusion_plan_change_date
        if awaited != (plan, date or awaited[1]):
            subscription._fusion_change_plan(plan, date)

    # === BUSINESS METHODS - CREATING === #

    def _check_start(self, date):
        today = fields.Date.context_today(self)
        if date and abs(date - today) > START_WITHIN:
            raise invalid("start_date", "must not be more than five years away")
        return date

    def _prepare_line(self, line):
        """Return the product and quantity of an order line, exactly as it was asked for."""
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        if not 0 < line["quantity"] < LINE_QUANTITY:
            raise invalid("quantity", "of a line must be above 0, and below a thousand million")
        if line["quantity"] != round(line["quantity"], digits):
            raise invalid("quantity", f"of a line has at most {digits} digits after the point")
        return {"product_id": self._find_product(line).id, "quantity": float(line["quantity"])}

    def _check_same_subscription(self, subscription, vals):
        """:raise Conflict: the request asks for something else than what was created"""
        differing = {
            "external_customer_id": subscription.partner_id.id != vals["partner_id"],
            "plan_code": subscription._fusion_get_plan().id != vals["plan_id"],
            "start_date": vals["start_date"] not in (None, subscription.fusion_start_date),
        }
        for name, differs in differing.items():
            if differs:
                raise errors.Conflict(
                    f"There is a subscription with this external id and another {name}.",
                    field=name,
                )

    # === ANSWERS === #

    def _describe_subscriptions(self, subscriptions):
        """Return subscriptions as the API shows them, in a fixed number of queries."""
        names = self._customer_names(subscriptions.partner_id)
        return [
            {
                "subscription_id": subscription.id,
                "subscription_state": subscription.fusion_state,
                "external_id": self._own_external_id(subscription),
                "external_customer_id": names.get(subscription.partner_id),
                "plan_id": subscription._fusion_get_plan().id,
                "plan_code": subscription._fusion_get_plan().code,
                "next_plan_code": subscription.fusion_next_plan_id.code or None,
                "plan_change_date": subscription.fusion_plan_change_date or None,
                "start_date": subscription.fusion_start_date or None,
                "last_invoice_date": subscription.fusion_last_invoice_date or None,
                "next_invoice_date": subscription.fusion_next_invoice_date or None,
                "end_date": subscription.fusion_end_date or None,
            }
            for subscription in subscriptions
        ]

    def _own_external_id(self, subscription):
        own = subscription.fusion_service_id == self
        return subscription.fusion_external_id if own and subscription.fusion_external_id else None

    def _customer_names(self, partners):
        """Return by partner the external id that this service knows the customer under."""
        links = self.env["fusion.billing.account.link"].search([
            ("service_id", "=", self.id),
            ("partner_id.commercial_partner_id", "in", partners.commercial_partner_id.ids),
        ], order="id desc")
        exact = {link.partner_id: link.external_id for link in links}
        by_company = {link.partner_id.commercial_partner_id: link.external_id for link in links}
        return {
            partner: exact.get(partner) or by_company.get(partner.commercial_partner_id)
            for partner in partners
        }

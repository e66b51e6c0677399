from decimal import Decimal

from odoo import models
from odoo.fields import Domain

from ...core.api import errors
from ...core.api.errors import shown
from ...core.api.payload import ID_LIMIT, invalid
from ..base.subscription_states import STARTED

EXTERNAL = "external:"
LINE_QUANTITY = Decimal(10) ** 9


class FusionBillingApiFinder(models.AbstractModel):
    """Finds what an app names in its requests, among what that app may see (U1)."""

    _name = "fusion.billing.api.finder"
    _description = "API: what an app names"

    # === CUSTOMERS === #

    def _find_link(self, service, name):
        return self.env["fusion.billing.account.link"].search(
            [("service_id", "=", service.id), ("external_id", "=", name)]
        )

    def _get_link(self, service, name):
        """:raise NotFound: the app has registered no such customer"""
        link = self._find_link(service, name)
        if not link:
            raise errors.NotFound(f"There is no customer with the external id {shown(name)}.")
        return link

    def _find_customer(self, service, name):
        link = self._find_link(service, name)
        if not link:
            raise errors.InvalidInput(
                f"There is no customer with the external id {shown(name)}: register it first.",
                "unknown_customer",
                "external_customer_id",
            )
        return link.partner_id

    # === SUBSCRIPTIONS === #

    def _subscriptions_domain(self, service):
        """Return the domain of the subscriptions of customers a service is linked to (U1).

        A customer is a company with all its contacts, archived ones too: the link may name one
        of them, the subscription another.
        """
        links = self.env["fusion.billing.account.link"]._search([("service_id", "=", service.id)])
        partners = self.env["res.partner"].with_context(active_test=False)
        linked = partners._search([("id", "in", links.subselect("partner_id"))])
        domain = self.env["sale.order"]._fusion_subscription_domain(STARTED) & Domain(
            "partner_id.commercial_partner_id", "in", linked.subselect("commercial_partner_id")
        )
        if service._source().sees_own_only:
            domain &= Domain("fusion_service_id", "=", service.id)
        return domain

    def _find_subscriptions(self, service, domain):
        return self.env["sale.order"].search(
            self._subscriptions_domain(service) & domain, order="id"
        )

    def _changed_subscriptions(self, service, since):
        """Return the domain of subscriptions of which an answer says something else since a time:
        they were changed themselves, or their customer has another name in the app.
        """
        links = self.env["fusion.billing.account.link"]._search(
            [("service_id", "=", service.id), ("write_date", ">=", since)]
        )
        partners = self.env["res.partner"].with_context(active_test=False)
        renamed = partners._search([("id", "in", links.subselect("partner_id"))])
        return Domain("write_date", ">=", since) | Domain(
            "partner_id.commercial_partner_id", "in", renamed.subselect("commercial_partner_id")
        )

    def _get_subscription(self, service, name):
        """Return the subscription that a path names.

        :param str name: its id, or `external:` and the id that this service gave it
        :raise NotFound: there is none for this service
        """
        found = self._find_subscriptions(service, self._named_in_path(service, name))
        if not found:
            raise errors.NotFound(
                f"There is no subscription {shown(name)} of a customer of this service; a path"
                " takes its subscription_id, or external: and your own id of it."
            )
        return found

    def _named_in_path(self, service, name):
        if name.startswith(EXTERNAL):
            return self._own_domain(service, name.removeprefix(EXTERNAL))
        digits = name.isascii() and name.isdigit() and len(name) <= len(str(ID_LIMIT))
        return Domain("id", "=", int(name)) if digits and int(name) < ID_LIMIT else Domain.FALSE

    def _own_domain(self, service, external_id):
        """Return the domain of the subscription that a service calls so."""
        return Domain("fusion_service_id", "=", service.id) & Domain(
            "fusion_external_id", "=", external_id
        )

    def _find_own_subscription(self, service, name):
        orders = self.env["sale.order"]
        return orders.search(self._own_domain(service, name)) if name else orders

    def _named_subscriptions(self, service, values):
        """Return a query of the subscriptions that a list is asked for: all, if it names none.

        :param dict values: with `subscription_id` and `subscription_external_id`
        :raise InvalidInput: `unknown_subscription`, or both are given
        """
        number, name = values["subscription_id"], values["subscription_external_id"]
        if number is not None and name is not None:
            raise invalid("subscription_id", "and subscription_external_id must not both be given")
        domain = self._subscriptions_domain(service)
        if number is None and name is None:
            return self.env["sale.order"]._search(domain)
        found = self._find_named_subscription(service, number, name)
        if not found:
            raise errors.InvalidInput(
                "There is no such subscription of a customer of this service.",
                "unknown_subscription",
                "subscription_id" if name is None else "subscription_external_id",
            )
        return self.env["sale.order"]._search(Domain("id", "=", found.id))

    def _find_named_subscription(self, service, number, name):
        """Return the subscription with an id or, as in events, with an external id in this service;
        one that has none is named by the digits of its id.
        """
        own = self._find_own_subscription(service, name)
        wanted = own.id or (name if number is None else number)
        try:
            found = self._get_subscription(service, str(wanted))
        except errors.NotFound:
            return self.env["sale.order"]
        is_named_otherwise = name is not None and not own and found.fusion_external_id
        return self.env["sale.order"] if is_named_otherwise else found

    # === THE CATALOG === #

    def _find_plan(self, service, plan_id, plan_code):
        return self._find_one(
            "fusion.billing.plan",
            Domain("company_id", "=", service.company_id.id),
            ("plan_id", plan_id),
            ("plan_code", plan_code),
            code_field="code",
        )

    def _find_product(self, service, line):
        sold = Domain("sale_ok", "=", True) & Domain(
            "company_id", "in", (False, service.company_id.id)
        )
        return self._find_one(
            "product.product",
            sold,
            ("product_id", line["product_id"]),
            ("product_code", line["product_code"]),
            code_field="default_code",
        )

    def _check_quantity(self, quantity):
        """:raise InvalidInput: an order line cannot hold this quantity of a product"""
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        if quantity >= LINE_QUANTITY:
            raise invalid("quantity", "must be below a thousand million")
        if quantity != round(quantity, digits):
            raise invalid("quantity", f"must have at most {digits} digits after the point")

    def _find_metrics(self, service, codes):
        """Return the ids of the metrics of the service's company by code."""
        metrics = self.env["fusion.billing.metric"].search(
            [("company_id", "=", service.company_id.id), ("code", "in", list(codes))]
        )
        return {metric.code: metric.id for metric in metrics}

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
            value = shown(code) if record is None else record
            raise errors.InvalidInput(f"There is no {kind} {value}.", f"unknown_{kind}", name)
        if len(found) > 1:
            raise invalid(name, f"names more than one: use {id_name}")
        return found

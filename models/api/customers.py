from odoo import models
from odoo.fields import Domain
from odoo.tools import email_normalize

from ...core.api.endpoints.customers import DETAILS
from ...core.api.payload import invalid
from ..base.retry import run_again_if_faster
from .paging import find_page
from .registration import raises_invalid_vat


class FusionBillingApiCustomers(models.AbstractModel):
    """The customers of an app."""

    _name = "fusion.billing.api.customers"
    _description = "API: customers"
    _inherit = ["fusion.billing.api.finder", "fusion.billing.api.serializer"]

    # === ENDPOINTS === #

    def _register_customer(self, service, values):
        """Link a customer of the app to a new partner, or find the link that is there.

        A registration can be sent again, with other details, too: see `_take_over`.
        """
        details, link = self._given(values), self._find_link(service, values["external_id"])
        if link:
            return {**self._describe_link(link), "created": False, "kept": link._take_over(details)}
        with run_again_if_faster():
            link = self._create_link(service, values["external_id"], details)
        return {**self._describe_link(link), "created": True, "kept": []}

    def _update(self, service, name, values):
        """Change details of a customer: see `_take_over`."""
        link = self._get_link(service, name)
        kept = link._take_over(self._given(values))
        return {**self._describe_customers(service, link)[0], "kept": kept}

    def _list(self, service, values):
        domain = Domain("service_id", "=", service.id)
        if values["email"]:
            email = email_normalize(values["email"]) or values["email"]
            domain &= Domain("partner_id.email_normalized", "=", email)
        if values["changed_since"]:
            domain &= self._changed_customers(service, values["changed_since"])
        links, next_cursor = find_page(
            self.env["fusion.billing.account.link"], domain, values["limit"], values["cursor"]
        )
        return {"customers": self._describe_customers(service, links), "next_cursor": next_cursor}

    def _read(self, service, name, _values):
        return self._describe_customers(service, self._get_link(service, name))[0]

    def _changed_customers(self, service, since):
        """Return the domain of links of which an answer says something else since a time."""
        changed = self._subscriptions_domain(service) & self._changed_subscriptions(service, since)
        orders = self.env["sale.order"]._search(changed)
        partners = self.env["res.partner"].with_context(active_test=False)
        customers = partners._search([("id", "in", orders.subselect("partner_id"))])
        return Domain.OR(
            [
                Domain("write_date", ">=", since),
                Domain("partner_id.write_date", ">=", since),
                Domain(
                    "partner_id.commercial_partner_id",
                    "in",
                    customers.subselect("commercial_partner_id"),
                ),
            ]
        )

    # === REGISTERING === #

    def _given(self, values):
        """Return the details that a request gives; what is null is not given.

        :raise InvalidInput: there is no such country
        """
        details = {name: values[name] for name in DETAILS if values[name] is not None}
        self._prepare_details(details)
        return details

    def _create_link(self, service, name, details):
        with raises_invalid_vat(details):
            # sudo: the API may create customers.
            partner = (
                self.env["res.partner"].sudo().create(self._prepare_partner(service, name, details))
            )
        # sudo: the API may register its customers, and do nothing else to links.
        links = self.env["fusion.billing.account.link"].sudo()
        return links.create(self._prepare_link(service, name, details, partner)).sudo(False)

    def _prepare_link(self, service, name, details, partner):
        return {
            "service_id": service.id,
            "partner_id": partner.id,
            "external_id": name,
            "registration": {"external_id": name, **details},
        }

    def _prepare_partner(self, service, name, details, find_country=None):
        return {
            "name": details.get("email", name),
            "company_id": service.company_id.id,
            **self._prepare_details(details, find_country),
            "is_company": "vat" in details,
        }

    def _prepare_details(self, details, find_country=None):
        """Return details as a partner has them.

        :raise InvalidInput: there is no such country
        """
        vals = dict(details)
        code = vals.pop("country_code", None)
        if code:
            vals["country_id"] = (find_country or self._find_country)(code).id
        return vals

    def _find_country(self, code):
        country = self.env["res.country"].search([("code", "=", code.upper())])
        if not country:
            raise invalid("country_code", "must be a two-letter code of ISO 3166, like CA")
        return country

    # === ANSWERS === #

    def _describe_customers(self, service, links):
        """Return customers with their subscriptions, in as many queries for many as for one."""
        subscriptions = self._subscriptions_by_customer(service, links.partner_id)
        return [
            {
                **self._describe_link(link),
                **link.partner_id._fusion_details(),
                "subscriptions": subscriptions.get(link.partner_id.commercial_partner_id, []),
            }
            for link in links
        ]

    def _subscriptions_by_customer(self, service, partners):
        subscriptions = self._find_subscriptions(
            service,
            Domain("partner_id.commercial_partner_id", "in", partners.commercial_partner_id.ids),
        )
        described = self._describe_subscriptions(service, subscriptions)
        by_customer = {}
        for subscription, facts in zip(subscriptions, described, strict=True):
            customer = subscription.partner_id.commercial_partner_id
            by_customer.setdefault(customer, []).append(facts)
        return by_customer

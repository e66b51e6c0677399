from odoo import fields, models
from odoo.fields import Domain

from ...core.api import errors
from ...core.api.endpoints.customers import DETAILS
from ...core.api.errors import shown
from ...core.api.payload import invalid
from ..base.retry import run_again_if_faster
from .paging import find_page


class FusionBillingAccountLink(models.Model):
    """Remembers what the app said when it registered the customer."""

    _inherit = "fusion.billing.account.link"

    registration = fields.Json(readonly=True, help="Empty on links that staff made.")


class FusionBillingApiCustomers(models.AbstractModel):
    """The customers of an app."""

    _name = "fusion.billing.api.customers"
    _description = "API: customers"
    _inherit = ["fusion.billing.api.finder", "fusion.billing.api.serializer"]

    # === ENDPOINTS === #

    def _register_customer(self, service, values):
        """Link a customer of the app to a new partner, or find the link that is there.

        A registration can be sent again: what it says is kept on the link, so that neither a
        second one nor a correction that staff made meanwhile is taken for a conflict.

        :raise Conflict: the customer was registered with other details
        """
        details = {name: values[name] for name in DETAILS if values[name] is not None}
        link = self._find_link(service, values["external_id"])
        if link:
            self._check_registration(link, details)
            return {**self._describe_link(link), "created": False}
        with run_again_if_faster():
            link = self._create_link(service, values["external_id"], details)
        return {**self._describe_link(link), "created": True}

    def _list(self, service, values):
        links, next_cursor = find_page(
            self.env["fusion.billing.account.link"], Domain("service_id", "=", service.id), **values
        )
        return {"customers": self._describe_customers(service, links), "next_cursor": next_cursor}

    def _read(self, service, name, _values):
        """:raise NotFound: the app has registered no such customer"""
        link = self._find_link(service, name)
        if not link:
            raise errors.NotFound(f"There is no customer with the external id {shown(name)}.")
        return self._describe_customers(service, link)[0]

    # === REGISTERING === #

    def _check_registration(self, link, details):
        registered = link.registration or {}
        differing = [name for name, value in details.items() if registered.get(name) != value]
        # A link that staff made has no registration to differ from.
        if registered and differing:
            raise errors.Conflict(
                f"This customer was registered with another {differing[0]}.", field=differing[0]
            )

    def _create_link(self, service, name, details):
        # sudo: the API may create customers, and do nothing else to them.
        partner = (
            self.env["res.partner"].sudo().create(self._prepare_partner(service, name, details))
        )
        return (
            self.env["fusion.billing.account.link"]
            .sudo()
            .create(self._prepare_link(service, name, details, partner))
            .sudo(False)
        )

    def _prepare_link(self, service, name, details, partner):
        return {
            "service_id": service.id,
            "partner_id": partner.id,
            "external_id": name,
            "registration": {"external_id": name, **details},
        }

    def _prepare_partner(self, service, name, details, find_country=None):
        vals = {"name": details.get("email", name), "company_id": service.company_id.id, **details}
        code = vals.pop("country_code", None)
        if code:
            vals["country_id"] = (find_country or self._find_country)(code).id
        return {**vals, "is_company": "vat" in details}

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
                "name": link.partner_id.name,
                "email": link.partner_id.email or None,
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

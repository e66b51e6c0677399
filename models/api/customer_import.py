from functools import cache

from psycopg2 import Error

from odoo import api, models
from odoo.exceptions import UserError

from ...core.api.endpoints.customers import DETAILS, REGISTER
from ...core.api.errors import Conflict, InvalidInput
from ...core.api.payload import collect_fields

ERRORS_FOUND = 10  # one by one, in a batch that cannot be created as a whole


class FusionBillingAccountLink(models.Model):
    """Customers from a file: registered as those that an app registers, many at once.

    A file that names contacts who are there is Odoo's own to load: it makes links to them.
    """

    _name = "fusion.billing.account.link"
    _inherit = ["fusion.billing.account.link", "fusion.billing.import.mixin"]

    @api.model
    def get_import_templates(self):
        return [
            {
                "label": self.env._("Import Template for Customers"),
                "template": "/fusion_billing/static/xls/customers.xlsx",
            }
        ]

    @api.model
    def _import_columns(self):
        labels = {
            "name": self.env._("Name"),
            "email": self.env._("Email"),
            "phone": self.env._("Phone"),
            "vat": self.env._("Tax ID"),
            "street": self.env._("Street"),
            "street2": self.env._("Street 2"),
            "city": self.env._("City"),
            "zip": self.env._("ZIP"),
            "country_code": self.env._("Country Code"),
        }
        return {
            "service_code": (self.env._("Service Code"), "char", False),
            "external_id": (self.env._("External ID"), "char", True),
            **{name: (labels[name], "char", False) for name in DETAILS},
        }

    @api.model
    def _import_also(self):
        return {"partner_id", "service_id"}

    @api.model
    def _import_rows(self, rows, limit):
        customers, errors = self._import_customers(rows[:limit])
        links = self._import_links(customers)
        new, conflicts = self._import_new(customers, links)
        errors += conflicts
        wrong = {(row, error.field, self._explain_customer(error)) for row, error in errors}
        wrong |= set() if wrong else self._import_create(customers, new, links)
        return [] if wrong else [links[_key(customer)].id for customer in customers.values()], wrong

    # === READING === #

    def _import_customers(self, rows):
        """Return what each row registers, `{row: (service, external id, details)}`, and errors."""
        services, customers, errors = self._import_services(), {}, []
        find_country = cache(self.env["fusion.billing.api.customers"]._find_country)
        for number, row in enumerate(rows):
            code = str(row.pop("service_code", None))
            values, wrong = collect_fields(row, REGISTER.fields)
            if code not in services:
                wrong.append(InvalidInput("", "unknown_service", "service_code"))
            try:
                if values.get("country_code"):
                    find_country(values["country_code"])
            except InvalidInput as error:
                wrong.append(error)
            errors += [(number, error) for error in wrong]
            if not wrong:
                details = {name: values[name] for name in DETAILS if values[name] is not None}
                customers[number] = services[code], values["external_id"], details
        return customers, errors

    def _import_links(self, customers):
        """Return the links that are there, `{(service id, external id): link}`."""
        links = {}
        for service in {service for service, _name, _details in customers.values()}:
            names = [name for owner, name, _details in customers.values() if owner == service]
            found = self.search([("service_id", "=", service.id), ("external_id", "in", names)])
            links.update(((service.id, link.external_id), link) for link in found)
        return links

    def _import_new(self, customers, links):
        """Return the rows that register somebody new, and those that say something else than was
        said before of the same customer.
        """
        said, new, errors = {}, [], []
        for row, customer in customers.items():
            key, details = _key(customer), customer[-1]
            if key not in links and said.setdefault(key, details) is details:
                new.append(row)
                continue
            try:
                if key in links:
                    links[key]._import_check_same(details)
                elif said[key] != details:
                    raise Conflict("", field="external_id")
            except Conflict as error:
                errors.append((row, error))
        return new, errors

    def _import_check_same(self, details):
        """:raise Conflict: the customer was registered with other details"""
        said = self.registration or {}
        differing = [name for name, value in details.items() if said.get(name) != value]
        # A link that staff made has no registration to differ from.
        if "external_id" in said and differing:
            raise Conflict("", field=differing[0])

    # === CREATING === #

    def _import_create(self, customers, rows, links):
        """Create customers, all at once or, to tell whose fault it is, one after the other.

        :param dict links: gets theirs
        :return: what is wrong
        """
        if rows:
            self.env["res.partner"].check_access("create")
        try:
            with self.env.cr.savepoint():
                self._import_create_links(customers, rows, links)
            return set()
        except (UserError, Error):
            return self._import_find_wrong(customers, rows, links)

    def _import_find_wrong(self, customers, rows, links):
        wrong = set()
        for row in rows:
            try:
                with self.env.cr.savepoint():
                    self._import_create_links(customers, [row], links)
            except UserError as error:
                wrong.add((row, "external_id", str(error)))
            if len(wrong) >= ERRORS_FOUND:
                break
        return wrong

    def _import_create_links(self, customers, rows, links):
        endpoints = self.env["fusion.billing.api.customers"]
        find_country = cache(endpoints._find_country)
        partners = self.env["res.partner"].create(
            [endpoints._prepare_partner(*customers[row], find_country) for row in rows]
        )
        created = self.create(
            [
                endpoints._prepare_link(*customers[row], partner)
                for row, partner in zip(rows, partners, strict=True)
            ]
        )
        links.update(((link.service_id.id, link.external_id), link) for link in created)

    # === WORDS === #

    def _explain_customer(self, error):
        if isinstance(error, Conflict):
            return self.env._(
                "This customer was registered with other details (%s): correct the contact"
                " instead.",
                self._import_columns()[error.field][0],
            )
        return self._explain_import(error)


def _key(customer):
    service, name, _details = customer
    return service.id, name

"""Customers: your app says who its customers are."""

from ..endpoint import Endpoint
from ..paging import LIST as LISTING
from ..payload import external_id, optional, required, text
from ..records import CUSTOMER, LINK_FIELDS, page_of
from ..scopes import BILLING_WRITE, READ
from ..shapes import boolean, inline

TITLE = "Customers"

DETAILS = {
    "name": optional(text, "Of the company or person.", "Acme Ltd"),
    "email": optional(text, "", "billing@acme.example"),
    "phone": optional(text),
    "vat": optional(text, "A customer with a number for VAT is a company."),
    "street": optional(text),
    "street2": optional(text),
    "city": optional(text),
    "zip": optional(text),
    "country_code": optional(text, "ISO 3166, two letters.", "US"),
}

REGISTER = Endpoint(
    "register_customer",
    "POST",
    "/customers",
    BILLING_WRITE,
    "Register a customer",
    "Under your own id.",
    fields={"external_id": required(external_id, "Your own id.", "cust-7"), **DETAILS},
    answer=inline({**LINK_FIELDS, "created": boolean("Whether it is new here.", True)}),
    errors=("conflict",),
    creates=True,
)
LIST = Endpoint(
    "list_customers",
    "GET",
    "/customers",
    READ,
    "List customers",
    fields=LISTING,
    answer=page_of("customers", CUSTOMER),
)
RETRIEVE = Endpoint(
    "retrieve_customer",
    "GET",
    "/customers/{external_id}",
    READ,
    "Retrieve a customer",
    answer=CUSTOMER,
)
ENDPOINTS = (REGISTER, LIST, RETRIEVE)

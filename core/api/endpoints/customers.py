"""Customers: your app says who its customers are."""

from ..collected import COLLECTION as COLLECTION_RECORD
from ..endpoint import Endpoint
from ..paging import LIST as LISTING
from ..payload import external_id, optional, required, text
from ..records import CUSTOMER, CUSTOMER_FIELDS, LINK_FIELDS, page_of
from ..scopes import BILLING_WRITE, READ
from ..shapes import array, boolean, inline, string

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

KEPT = array(
    string("", "email"),
    "The names of the details that the contact has otherwise, and keeps: staff manage it, or have"
    " corrected what you only say again.",
)

REGISTER = Endpoint(
    "register_customer",
    "POST",
    "/customers",
    BILLING_WRITE,
    "Register a customer",
    "Under your own id. Again, the same customer is found, and what you say anew is taken over.",
    fields={"external_id": required(external_id, "Your own id.", "cust-7"), **DETAILS},
    answer=inline(
        {**LINK_FIELDS, "created": boolean("Whether it is new here.", True), "kept": KEPT}
    ),
    creates=True,
)
LIST = Endpoint(
    "list_customers",
    "GET",
    "/customers",
    READ,
    "List customers",
    "A customer is changed when any of what the answer says is, a subscription included.",
    fields={**LISTING, "email": optional(text, "Only those with this address.")},
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
UPDATE = Endpoint(
    "update_customer",
    "PATCH",
    "/customers/{external_id}",
    BILLING_WRITE,
    "Change a customer's details",
    "What is not given, or null, stays. What you say anew is taken over.",
    fields=DETAILS,
    answer=inline({**CUSTOMER_FIELDS, "kept": KEPT}),
)
COLLECTION = Endpoint(
    "customer_collection",
    "GET",
    "/customers/{external_id}/collection",
    READ,
    "How a customer pays, and what is overdue",
    "As far as your service sees it: what to tell the customer, and the page that pays.",
    answer=COLLECTION_RECORD,
)
ENDPOINTS = (REGISTER, LIST, RETRIEVE, UPDATE, COLLECTION)

from odoo import models

from ...core.api.answer import money
from ...core.api.payload import invalid
from .subscriptions import raises_invalid_state


class FusionBillingApiUpcoming(models.AbstractModel):
    """The documents that a subscription will get, before they are made."""

    _name = "fusion.billing.api.upcoming"
    _description = "API: the documents to come"
    _inherit = ["fusion.billing.api.finder"]

    # === ENDPOINTS === #

    def _read(self, service, subscription_id, values):
        """Return the documents as they would be made on a day; nothing is stored.

        :raise InvalidInput: `invalid_at`, the day is over, or lies after the open billing period;
            `invalid_state`, staff have to do something before it can be billed
        """
        at = values["at"]
        subscription = self._get_subscription(service, subscription_id)
        last = subscription._fusion_next_document()
        if at and not subscription._fusion_today() <= at <= last:
            raise invalid("at", "must be a day from today to the end of the open billing period")
        with raises_invalid_state():
            documents = subscription._fusion_upcoming_documents(at or last)
        return {
            "subscription_id": subscription.id,
            "at": at or last,
            "documents": [self._describe_document(document) for document in documents],
        }

    # === ANSWERS === #

    def _describe_document(self, document):
        currency = self.env["res.currency"].browse(document["currency_id"])
        places = currency.decimal_places
        return {
            "type": document["type"],
            "invoice_date": document["invoice_date"],
            "due_date": document["due_date"],
            "currency": currency.name,
            "amount_untaxed": money(document["untaxed"], places),
            "amount_tax": money(document["tax"], places),
            "amount_total": money(document["total"], places),
            "lines": [
                self._describe_line(line, places)
                for line in document["lines"]
                if line["kind"] != "section"
            ],
        }

    def _describe_line(self, line, places):
        metric = self.env["fusion.billing.metric"].browse(line["metric_id"])
        return {
            "kind": line["kind"],
            "description": line["name"],
            "metric_code": metric.code or None,
            "period_start": line["date_from"],
            "period_end": line["date_until"],
            "used": line["used"],
            "quantity": line["quantity"],
            "price_unit": line["price_unit"],
            "discount": line["discount"],
            "amount_untaxed": money(line["untaxed"], places),
            "amount_total": money(line["total"], places),
        }

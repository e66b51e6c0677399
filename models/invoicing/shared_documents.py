from odoo import api, models
from odoo.fields import Command

# What core does not merge, beside the keys by which it does: these must be the same, too.
TERMS = ("invoice_payment_term_id", "journal_id", "fusion_bill_on", "fusion_post_at")


class SaleOrder(models.Model):
    """One document for all subscriptions of a customer, where the plan or the customer says so."""

    _inherit = "sale.order"

    @api.model
    def _fusion_share_documents(self, documents, vals_list):
        """Merge the documents that one customer gets on one day.

        :param list documents: what each document is for
        :param list vals_list: the values of each
        :return: both lists, with the first document for all that are merged into it
        """
        shared = {}
        for document, vals in zip(documents, vals_list, strict=True):
            shared.setdefault(self._fusion_sharing_key(document, vals), []).append((document, vals))
        return (
            [group[0][0] for group in shared.values()],
            [self._fusion_merge_documents(group) for group in shared.values()],
        )

    @api.model
    def _fusion_sharing_key(self, document, vals):
        """Return what documents must have in common to be one."""
        if not document.is_shared:
            return id(document)
        names = (*self._get_invoice_grouping_keys(), *TERMS)
        return document.plan.invoice_mode, *(vals.get(name) for name in names)

    @api.model
    def _fusion_merge_documents(self, group):
        """Return the values of one document for several: each subscription in a section."""
        vals_list = [vals for _document, vals in group]
        if len(group) == 1:
            return vals_list[0]
        lines = []
        for document, vals in group:
            lines += [
                document.order._fusion_prepare_heading(),
                *(line for _command, _id, line in vals["invoice_line_ids"]),
            ]
        references = {vals["payment_reference"] for vals in vals_list}
        return {
            **vals_list[0],
            "ref": ", ".join(vals["ref"] for vals in vals_list)[:2000],
            "invoice_origin": ", ".join(vals["invoice_origin"] for vals in vals_list),
            "fusion_included": "\n".join(
                document.order._fusion_name_in_each(vals["fusion_included"])
                for document, vals in group
                if vals["fusion_included"]
            ),
            "payment_reference": references.pop() if len(references) == 1 else False,
            "invoice_line_ids": [
                Command.create({**line, "sequence": sequence})
                for sequence, line in enumerate(lines)
            ],
        }

    def _fusion_prepare_heading(self):
        """Return the values of the section of a shared document that is about a subscription."""
        plan = self._fusion_get_plan().with_context(lang=self._get_lang())
        return {"display_type": "line_section", "name": f"{self.name}, {plan.name}"}

    def _fusion_sets(self, size):
        """Yield these orders in sets of one company, those that share documents in the same set.

        They may be very many: nothing is read of them but what decides it.

        :param int size: how many orders a set has, or more where a customer has more
        """
        self.fetch(["company_id", "fusion_plan_id", "partner_invoice_id"])
        customers = self.env["res.partner"].with_context(active_test=False)
        sharing = set(
            customers._search(
                [("id", "in", self.partner_invoice_id.ids), ("fusion_one_document", "=", True)]
            )
        )
        for orders in self.grouped("company_id").values():
            ids = []
            for group in orders.grouped(lambda order: order._fusion_shares_with(sharing)).values():
                ids += group.ids
                if len(ids) >= size:
                    yield orders.browse(ids)
                    ids = []
            if ids:
                yield orders.browse(ids)

    def _fusion_shares_with(self, sharing):
        """Return the customer whose subscriptions share documents with this one, or itself.

        :param set sharing: ids of the customers who want it, whatever their plans say
        """
        customer = self.partner_invoice_id
        return customer if self.fusion_plan_id.one_document or customer.id in sharing else self

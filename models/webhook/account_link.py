from odoo import api, models


class FusionBillingAccountLink(models.Model):
    """Tells an app which customer its own id means, from now on."""

    _inherit = "fusion.billing.account.link"

    @api.model_create_multi
    def create(self, vals_list):
        links = super().create(vals_list)
        links._emit_linked()
        return links

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {"partner_id", "external_id", "service_id"}:
            self._emit_linked()
        return result

    def _emit_linked(self):
        # sudo: events tell what happened, whoever made it happen.
        for link in self.sudo():
            self.env["fusion.billing.webhook.delivery"]._emit(
                "customer.linked", link.service_id, link._describe_for
            )

    def _describe_for(self, _service):
        return {
            **self.env["fusion.billing.api.serializer"]._describe_link(self),
            "name": self.partner_id.name,
            "email": self.partner_id.email or None,
        }

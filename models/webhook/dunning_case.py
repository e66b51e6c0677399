from odoo import models

from ..dunning.step import PAUSE, TELL

PAID_UP = "customer.paid_up"


class FusionBillingDunningCase(models.Model):
    """Tells apps which customers are late, and that they are not any more."""

    _inherit = "fusion.billing.dunning.case"

    def _tell_apps(self, event_type):
        """Tell the services that know the customer, and see something of what is overdue.

        That nothing is asked for any more is news to those alone who were told, or whose
        customer's subscriptions were paused.
        """
        super()._tell_apps(event_type)
        if event_type == PAID_UP and not self._is_news():
            return
        # All of a case is told in order: as what happens to the first subscription that is late.
        first = self.invoice_ids._fusion_oldest_first()[:1]._fusion_subscriptions()[:1]
        self.env["fusion.billing.webhook.delivery"]._emit(
            event_type, self._services(), self._describe_for, subscription=first
        )

    def _is_news(self):
        done = self.taken_ids.filtered(lambda taken: not taken.is_failed)
        return bool({TELL, PAUSE} & set(done.mapped("action")))

    def _services(self):
        return self.env["fusion.billing.service"].union(
            *(
                subscription._fusion_linked_services()
                for subscription in self.invoice_ids._fusion_subscriptions()
            )
        )

    def _describe_for(self, service):
        return self.env["fusion.billing.api.collection"]._describe_collection(
            service, self.partner_id
        )

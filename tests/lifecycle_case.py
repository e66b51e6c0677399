"""What tests of the engine share: subscriptions that live through many days."""

from datetime import date

from odoo.tests import freeze_time

from .common import BillingCase


class LifecycleCase(BillingCase):
    def _bill_on(self, *days):
        for day in days:
            with freeze_time(day):
                self._bill()

    def _fee_dates(self, subscription):
        """When each invoice was made, with its amount."""
        return [
            (str(invoice.invoice_date), invoice.amount_untaxed)
            for invoice in subscription.invoice_ids.sorted("id")
        ]

    def _boundaries(self, subscription, last_day):
        """The billing periods' ends while the cron runs every day up to a day."""
        seen = [subscription.fusion_next_invoice_date]
        while seen[-1] <= date.fromisoformat(last_day):
            self._bill_on(seen[-1])
            seen.append(subscription.fusion_next_invoice_date)
        return [str(day) for day in seen]

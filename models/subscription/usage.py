from odoo import models
from odoo.exceptions import UserError


class FusionBillingUsage(models.Model):
    """Counters of days that are settled for good stay as they are."""

    _inherit = "fusion.billing.usage"

    def write(self, vals):
        self._check_not_settled()
        return super().write(vals)

    def _delete(self, source):
        self._check_not_settled()
        return super()._delete(source)

    def _check_not_settled(self):
        """:raise UserError: other counters of these days were removed already"""
        for usage in self.filtered(lambda usage: usage._is_settled()):
            subscription = usage.subscription_id.sudo()  # sudo: it binds everybody
            raise UserError(
                self.env._(
                    "You cannot change this counter: usage of %(subscription)s before %(day)s"
                    " is settled and was removed. Add a counter on a later day instead.",
                    subscription=subscription.display_name,
                    day=subscription._fusion_format(subscription.fusion_usage_kept_from),
                )
            )

    def _is_settled(self):
        """Whether a counter is of days whose other counters were removed already."""
        subscription = self.subscription_id.sudo()  # sudo: it binds everybody
        kept_from = subscription.fusion_usage_kept_from
        return bool(kept_from) and (
            self.period_start < subscription._fusion_zones().midnight(kept_from)
        )

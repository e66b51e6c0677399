from datetime import timedelta

from odoo import fields, models

from ..base.clock import now
from .credential_mixin import NOBODY
from .key_terms import FIELDS


class FusionBillingApiKey(models.Model):
    """How an app replaces its own key, if staff let it: the new one can do no more than the old.

    The old key goes on for an overlap. An app that lost the answer, and so the new key, asks again
    with the old one: then the key that was lost ends with it.
    """

    _inherit = "fusion.billing.api.key"

    replaced_by_id = fields.Many2one(
        "fusion.billing.api.key",
        "Replaced by",
        readonly=True,
        copy=False,
        index="btree_not_null",
        groups=NOBODY,
    )

    def _rotate(self, overlap_hours):
        """Make the key that takes the place of this one.

        :param int overlap_hours: for how long this one goes on, unless it ends before
        :return: the new key, as a record and raw, for the only time
        """
        self.ensure_one()
        line = self._line()
        key, raw = self._make(
            self.service_id,
            self.name,
            expires_at=line[-1:].expires_at,
            allowed_networks=self.allowed_networks,
            **{field: self[field] for field in FIELDS.values()},
        )
        line[-1:].replaced_by_id = key
        line._end_by(now() + timedelta(hours=overlap_hours))
        return key, raw

    def _line(self):
        """Return this key and those that took its place, in their order: the end of the last one
        is what staff said, those of the others came with rotations.
        """
        line = self
        while successor := line[-1:].replaced_by_id:
            line += successor
        return line

    def _end_by(self, end):
        """Let those of these keys end that would outlive a moment."""
        self.filtered(lambda key: not key.expires_at or key.expires_at > end).expires_at = end

    def _is_in_force(self):
        self.ensure_one()
        return self.active and (not self.expires_at or self.expires_at > now())

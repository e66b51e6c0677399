import json

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import escape_psql

MOST = 80


class KeySearch(models.TransientModel):
    """What became of a key: the counters that have it, those that had it, the requests refused."""

    _name = "fusion.billing.key.search"
    _description = "Find a Key"
    _inherit = ["fusion.billing.owned.mixin"]

    idempotency_key = fields.Char()
    service_id = fields.Many2one("fusion.billing.service", help="Empty: of all services.")
    usage_ids = fields.Many2many("fusion.billing.usage", compute="_compute_found")
    correction_ids = fields.Many2many("fusion.billing.usage.correction", compute="_compute_found")
    rejection_ids = fields.Many2many("fusion.billing.rejection", compute="_compute_found")
    is_unknown = fields.Boolean(compute="_compute_found")

    @api.depends("idempotency_key", "service_id")
    def _compute_found(self):
        for search in self:
            key = (search.idempotency_key or "").strip()
            own = search._domain() & Domain("idempotency_key", "=", key) if key else Domain.FALSE
            search.usage_ids = self.env["fusion.billing.usage"].search(own, limit=MOST)
            search.correction_ids = self.env["fusion.billing.usage.correction"].search(
                own, limit=MOST
            )
            search.rejection_ids = search._find_rejections(key)
            found = search.usage_ids or search.correction_ids or search.rejection_ids
            search.is_unknown = bool(key and not found)

    def _domain(self):
        """Return the domain of what a service pushed, or what was pushed in its place."""
        if not self.service_id:
            return Domain.TRUE
        return Domain("source", "=", self.service_id.code) | Domain(
            "subscription_id.fusion_service_id", "=", self.service_id.id
        )

    def _find_rejections(self, key):
        """Return the requests whose kept part has the key, as JSON writes it."""
        written = json.dumps(key, ensure_ascii=False)
        domain = Domain("request", "like", escape_psql(written)) if key else Domain.FALSE
        if self.service_id:
            domain &= Domain("service_id", "=", self.service_id.id)
        return self.env["fusion.billing.rejection"].search(domain, limit=MOST)

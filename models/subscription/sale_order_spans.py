from odoo import api, fields, models
from odoo.tools import SQL

from ...core.money.spans import read_spans
from ..base.staff import BILLING


class SaleOrder(models.Model):
    """When usage is taken, for many subscriptions in one statement (U5).

    This is :meth:`_fusion_spans` for ingest, which reads neither orders nor phases into memory.
    """

    _inherit = "sale.order"

    fusion_usage_kept_from = fields.Date(
        "Usage Kept From",
        copy=False,
        readonly=True,
        technical=True,
        groups=BILLING,
        help="Counters of earlier days were removed: what they came to is settled. It stays as it"
        " is, and no more usage of those days is taken.",
    )

    # === THE SEAM: LOOKING AT MANY === #

    @api.model
    def _fusion_life_sql(self, order):
        """Return an SQL expression for what :meth:`_fusion_read_spans` reads.

        :param SQL order: the alias of `sale_order` in the statement
        """
        return SQL(LIFE, order=order)

    @api.model
    def _fusion_read_spans(self, life, company_id):
        """Return the instants between which usage is taken: `((start, end), …)`.

        :param str life: a value of the expression above
        """
        return read_spans(life, self.env["res.company"].browse(company_id)._fusion_zones())


LIFE = """(
    SELECT concat(%(order)s.fusion_usage_kept_from || '|',
                  string_agg(concat(phase.date_from, ' ', phase.state), ','))
      FROM fusion_billing_phase AS phase
     WHERE phase.subscription_id = %(order)s.id AND %(order)s.state != 'cancel'
    HAVING count(*) > 0
)"""

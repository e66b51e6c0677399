from odoo import api, fields, models
from odoo.tools import SQL


class BillingSimulationRow(models.TransientModel):
    """What one fee, or the usage of one metric, came to in a billing period of a subscription,
    and what it would have come to.

    Sums are in the company's currency; the subscription's own stands beside.
    """

    _name = "fusion.billing.simulation.row"
    _description = "Simulated Price Change"
    _inherit = ["fusion.billing.owned.mixin"]
    _order = "partner_id, subscription_id, date_from, id"
    _rec_name = "name"

    simulation_id = fields.Many2one(
        "fusion.billing.simulation", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one("res.company", required=True)
    subscription_id = fields.Many2one("sale.order", required=True, ondelete="cascade")
    partner_id = fields.Many2one("res.partner", "Customer")
    name = fields.Char("Metric or Fee", required=True)
    date_from = fields.Date("Period From")
    date_until = fields.Date("Period Until", help="First day after the billing period.")

    company_currency_id = fields.Many2one("res.currency", required=True)
    before = fields.Monetary("As It Was", currency_field="company_currency_id")
    after = fields.Monetary("As It Would Be", currency_field="company_currency_id")
    difference = fields.Monetary(currency_field="company_currency_id")

    currency_id = fields.Many2one("res.currency", required=True)
    own_before = fields.Monetary("As It Was, in Own Currency")
    own_after = fields.Monetary("As It Would Be, in Own Currency")
    own_difference = fields.Monetary("Difference in Own Currency")

    @api.model
    def _store(self, simulation, rows):
        """Store rows in one statement: the ORM would take longer than to compute them.

        :param rows: of `models.ledger.simulation.SimulatedRow`
        """
        values = [self._values(simulation, row) for row in rows]
        if values:
            columns = SQL(", ").join(map(SQL.identifier, values[0]))
            rows = SQL(", ").join(SQL("%s", tuple(row.values())) for row in values)
            self.env.cr.execute(
                SQL("INSERT INTO %s (%s) VALUES %s", SQL.identifier(self._table), columns, rows)
            )
            self.invalidate_model()
            simulation.invalidate_recordset(["row_ids"])

    @api.model
    def _values(self, simulation, row):
        order, company = row.subscription, row.subscription.company_id
        day = row.period.last_day

        def convert(amount):
            return order.currency_id._convert(float(amount), company.currency_id, company, day)

        before, after = convert(row.before), convert(row.after)
        return {
            "simulation_id": simulation.id,
            "company_id": company.id,
            "subscription_id": order.id,
            "partner_id": order.partner_id.id,
            "name": row.name,
            "date_from": row.period.start,
            "date_until": row.period.end,
            "company_currency_id": company.currency_id.id,
            "before": before,
            "after": after,
            "difference": company.currency_id.round(after - before),
            "currency_id": order.currency_id.id,
            "own_before": float(row.before),
            "own_after": float(row.after),
            "own_difference": float(row.after - row.before),
            "create_uid": self.env.uid,
            "create_date": fields.Datetime.now(),
            "write_uid": self.env.uid,
            "write_date": fields.Datetime.now(),
        }

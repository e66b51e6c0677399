from odoo import fields, models


class FusionBillingWebhookAttempt(models.Model):
    """One attempt at a delivery: what was sent where, and what came back. Written by the sender."""

    _name = "fusion.billing.webhook.attempt"
    _description = "Webhook Attempt"
    _order = "started_at desc, id desc"
    _rec_name = "number"
    _log_access = False

    delivery_id = fields.Many2one(
        "fusion.billing.webhook.delivery", required=True, index=True, ondelete="cascade"
    )
    service_id = fields.Many2one("fusion.billing.service", required=True, ondelete="cascade")
    event_type = fields.Selection(related="delivery_id.event_type")
    number = fields.Integer("Attempt", help="Counted anew when the event is sent again.")
    url = fields.Char("URL")
    started_at = fields.Datetime("Sent", required=True)
    duration_ms = fields.Integer("Time (ms)", aggregator="avg")
    outcome = fields.Selection([("success", "Success"), ("failure", "Failure")], required=True)
    status = fields.Integer("HTTP Status", aggregator=None, help="0: no answer was received.")
    error_code = fields.Char("Problem Code")
    error = fields.Char("Problem")
    response_excerpt = fields.Text(
        "Response", help="The first 2 KiB of what the endpoint answered."
    )

    _service_day = models.Index("(service_id, started_at)")

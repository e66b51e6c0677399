from odoo import api, fields, models
from odoo.exceptions import ValidationError


class ResConfigSettings(models.TransientModel):
    """Where webhooks may go, and how long they are kept."""

    _inherit = "res.config.settings"

    fusion_webhook_retention_days = fields.Integer(
        "Keep Delivered Events",
        default=90,
        config_parameter="fusion_billing.webhook_retention_days",
    )
    fusion_webhook_allowed_ports = fields.Char(
        "Ports", config_parameter="fusion_billing.webhook_allowed_ports"
    )
    fusion_webhook_development_hosts = fields.Char(
        "Development Hosts", config_parameter="fusion_billing.webhook_development_hosts"
    )

    @api.constrains("fusion_webhook_allowed_ports")
    def _check_fusion_webhook_allowed_ports(self):
        for settings in self.filtered("fusion_webhook_allowed_ports"):
            for text in settings.fusion_webhook_allowed_ports.split(","):
                if not text.strip().isdecimal() or not 0 < int(text) < 65536:
                    raise ValidationError(
                        self.env._(
                            "Ports must be numbers with commas between them, such as 443, 8443."
                        )
                    )

    @api.constrains("fusion_webhook_retention_days")
    def _check_fusion_webhook_retention_days(self):
        if any(settings.fusion_webhook_retention_days < 1 for settings in self):
            raise ValidationError(self.env._("Events must be kept for one day at least."))

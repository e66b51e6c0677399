from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..base.bounded import Whole


class ResConfigSettings(models.TransientModel):
    """Where webhooks may go, and how long they are kept."""

    _inherit = "res.config.settings"

    fusion_webhook_retention_days = Whole(
        "Keep Delivered Events",
        default=90,
        between=(1, 36500),
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

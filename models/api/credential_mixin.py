from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_datetime

NOBODY = "."  # Odoo: a group that nobody is in


class CredentialMixin(models.AbstractModel):
    """What lets somebody in for a service, or signs for it, until it ends or is revoked.

    What becomes of it is told in the service's chatter: who made it, when it ends, who revoked
    it. The credential itself is told nowhere (A2). The model has a `prefix`, how it begins.
    """

    _name = "fusion.billing.credential.mixin"
    _description = "Credential of a Service"
    _inherit = ["fusion.billing.owned.mixin"]

    service_id = fields.Many2one(
        "fusion.billing.service",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
        fixed=True,
    )
    active = fields.Boolean(default=True)
    expires_at = fields.Datetime("Expires")

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        credentials = super().create(vals_list)
        for credential in credentials:
            credential._tell(self.env._("%s was generated.", credential._label()))
        return credentials

    def write(self, vals):
        before = {credential: credential._standing() for credential in self}
        if "expires_at" in vals:
            self._check_not_prolonged(fields.Datetime.to_datetime(vals["expires_at"]))
        result = super().write(vals)
        for credential, standing in before.items():
            for sentence in credential._standing() - standing:
                credential._tell(sentence)
        return result

    def unlink(self):
        for credential in self:
            credential._tell(self.env._("%s was deleted.", credential._label()))
        return super().unlink()

    # === HELPERS === #

    def _check_not_prolonged(self, end):
        """:raise UserError: one has expired, and would be valid again"""
        now = fields.Datetime.now()
        for credential in self:
            has_expired = credential.expires_at and credential.expires_at <= now
            if has_expired and (not end or end > now):
                raise UserError(
                    self.env._(
                        "You cannot prolong %s: it has expired. Generate another one.",
                        credential._label(),
                    )
                )

    def _standing(self):
        """Return what is told when it becomes true: a set of sentences."""
        return {self._describe_validity(), self._describe_end()}

    def _tell(self, sentence):
        # sudo: who may make and end credentials need not be allowed to write messages.
        self.service_id.sudo().message_post(body=sentence)

    def _label(self):
        """Return what people know it by: `API Key fbk_a1b2c3d4…`."""
        return f"{self.env['ir.model']._get(self._name).name} {self.prefix}…"

    def _describe_validity(self):
        if self.active:
            return self.env._("%s is in force again.", self._label())
        return self.env._("%s was revoked.", self._label())

    def _describe_end(self):
        if not self.expires_at:
            return self.env._("%s does not end.", self._label())
        return self.env._(
            "%(credential)s ends on %(moment)s.",
            credential=self._label(),
            moment=format_datetime(self.env, self.expires_at),
        )

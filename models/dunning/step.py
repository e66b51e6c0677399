from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...core.collection.dunning import Step
from ..base.bounded import Whole

RETRY, MAIL, TELL, REMIND, PAUSE, CLOSE = "retry", "mail", "tell", "remind", "pause", "close"
ACTIONS = [
    (RETRY, "Charge Again"),
    (MAIL, "E-mail"),
    (TELL, "Tell the Apps"),
    (REMIND, "Remind Us"),
    (PAUSE, "Pause Subscriptions"),
    (CLOSE, "Close Subscriptions"),
]


class FusionBillingDunningStep(models.Model):
    """One thing that is done some days after the due date of the oldest unpaid invoice."""

    _name = "fusion.billing.dunning.step"
    _description = "Dunning Step"
    _inherit = ["fusion.billing.owned.mixin"]
    _order = "policy_id, days, sequence, id"

    policy_id = fields.Many2one(
        "fusion.billing.dunning.policy", required=True, index=True, fixed=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="policy_id.company_id")
    sequence = Whole("Order", default=10, between=(0, 1000), help="Of the steps on the same day.")
    days = Whole(
        "Days Late",
        required=True,
        default=1,
        between=(1, 3650),
        help="After the due date of the oldest unpaid invoice. A step does not follow the one"
        " before it sooner than the days between them.",
    )
    action = fields.Selection(ACTIONS, "What Is Done", required=True, default=MAIL)
    template_id = fields.Many2one(
        "mail.template",
        "E-mail Template",
        domain="[('model', '=', 'fusion.billing.dunning.case')]",
        ondelete="restrict",
    )
    takes_usage = fields.Boolean(
        "Usage Is Still Taken",
        help="Whether usage is accepted, and owed, while the subscriptions are paused. Otherwise"
        " it is refused.",
    )
    note = fields.Char("What to Do", translate=True, help="What the reminder says.")

    _mail_has_template = models.Constraint(
        "CHECK(action != 'mail' OR template_id IS NOT NULL)",
        "A step that sends an e-mail must have a template.",
    )

    @api.depends("days", "action", "template_id.name")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for step in self:
            step.display_name = self.env._(
                "Day %(days)s: %(what)s",
                days=step.days,
                what=(step.action and step._describe_action()) or "",
            )

    @api.constrains("template_id")
    def _check_template(self):
        for step in self.filtered("template_id"):
            if step.template_id.sudo().model != "fusion.billing.dunning.case":  # sudo: any user's
                raise ValidationError(
                    self.env._(
                        "You cannot send %s: choose an e-mail template of dunning cases.",
                        step.template_id.display_name,
                    )
                )

    def _describe_action(self):
        """Return what is done, in the reader's language."""
        self.ensure_one()
        if self.action == MAIL:
            return self.template_id.sudo().name  # sudo: templates may be another team's
        return dict(self._fields["action"]._description_selection(self.env))[self.action]

    def _key(self):
        """Return the place of this step in its policy."""
        self.ensure_one()
        return Step(self.days, self.sequence, self.id)

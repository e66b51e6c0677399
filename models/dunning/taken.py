from odoo import fields, models

from ...core.collection.dunning import Step, Taken
from .step import ACTIONS


class FusionBillingDunningTaken(models.Model):
    """A step that was taken: what was done, when, and what came of it."""

    _name = "fusion.billing.dunning.taken"
    _description = "Dunning Step Taken"
    _inherit = ["fusion.billing.technical.mixin"]
    _order = "case_id, number"
    _rec_name = "action"

    case_id = fields.Many2one(
        "fusion.billing.dunning.case", required=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="case_id.company_id", store=True, index=True)
    number = fields.Integer(required=True, readonly=True, aggregator=None)
    taken_on = fields.Date("On", required=True, readonly=True)
    # As the step was then: it may be changed or removed later.
    days = fields.Integer("Days Late", required=True, readonly=True, aggregator=None)
    sequence = fields.Integer(required=True, readonly=True, technical=True)
    step_key = fields.Integer(required=True, readonly=True, technical=True)
    action = fields.Selection(ACTIONS, "What Was Done", required=True, readonly=True)
    result = fields.Char(readonly=True)
    is_failed = fields.Boolean("Failed", readonly=True)

    # Two runs at once cannot both take a step.
    _number_unique = models.Constraint(
        "UNIQUE(case_id, number)", "A dunning case has one step of a number."
    )

    def _taken(self):
        """Return what the next step follows from; None of an empty record."""
        if not self:
            return None
        return Taken(Step(self.days, self.sequence, self.step_key), self.taken_on)

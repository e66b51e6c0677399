from odoo import api, fields, models


class FusionBillingDunningPolicy(models.Model):
    """What is done, and when, once a customer has not paid.

    Its steps are read as they are on the day on which one is due: a change holds for customers
    who are late already, from their next step on.
    """

    _name = "fusion.billing.dunning.policy"
    _description = "Dunning Policy"
    _inherit = ["fusion.billing.owned.mixin", "mail.thread"]
    _order = "name, id"

    name = fields.Char(required=True, translate=True, tracking=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", index=True, fixed=True, help="Empty: for all companies."
    )
    step_ids = fields.One2many("fusion.billing.dunning.step", "policy_id", "Steps", copy=True)
    owes_fees = fields.Boolean(
        "Fees Go On While Paused",
        tracking=True,
        help="Whether recurring fees are owed for the days on which a subscription is paused for"
        " non-payment. Otherwise these days are free.",
    )
    user_id = fields.Many2one(
        "res.users",
        "Responsible",
        domain="[('share', '=', False)]",
        help="Who is reminded. Empty: the customer's salesperson, or a billing manager.",
    )

    @api.constrains("company_id")
    def _check_companies(self):
        """It cannot be taken from a company that uses it."""
        # sudo: they may be others than those of who writes it.
        companies = self.env["res.company"].sudo()
        using = companies.search([("fusion_dunning_policy_id", "in", self.ids)])
        using._check_company(["fusion_dunning_policy_id"])

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        return [
            dict(vals, name=self.env._("%s (copy)", policy.name))
            for policy, vals in zip(self, vals_list, strict=True)
        ]

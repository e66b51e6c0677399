from odoo import fields, models


class FusionBillingPhase(models.Model):
    """From a day on: the plan a subscription is on, and whether it is active (T1).

    A phase ends where the next one begins, the last one never. Phases may lie in the past and be
    planned ahead, any number of them; the subscription's own methods write them.
    """

    _name = "fusion.billing.phase"
    _description = "Subscription Phase"
    _order = "subscription_id, date_from"
    _rec_name = "plan_id"
    _check_company_auto = True

    subscription_id = fields.Many2one("sale.order", required=True, ondelete="cascade")
    company_id = fields.Many2one(related="subscription_id.company_id", store=True, index=True)
    date_from = fields.Date("From", required=True, help="First day of the phase.")
    plan_id = fields.Many2one(
        "fusion.billing.plan", required=True, index=True, ondelete="restrict", check_company=True
    )
    state = fields.Selection(
        [
            ("active", "Active"),
            ("paused", "Paused"),
            ("unpaid", "Paused for Non-Payment"),
            ("unpaid_usage", "Paused for Non-Payment, Usage Is Taken"),
            ("unpaid_fees", "Paused for Non-Payment, Fees Go On"),
            ("unpaid_both", "Paused for Non-Payment, Usage and Fees Go On"),
            ("closed", "Closed"),
        ],
        required=True,
        default="active",
    )

    _day_unique = models.UniqueIndex(
        "(subscription_id, date_from)", "You cannot begin two phases on the same day."
    )

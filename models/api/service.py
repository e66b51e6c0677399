from typing import NamedTuple

from odoo import api, fields, models
from odoo.tools import ormcache

from ..base.bounded import Whole

# By `_source`, and with keys (see `access`).
REMEMBERED = {"active", "code", "sees_own_only", "request_quota", "event_quota"}


class Source(NamedTuple):
    """What a request's work asks of its service all the time."""

    code: str
    company_id: int
    sees_own_only: bool
    request_quota: int
    event_quota: int


class FusionBillingService(models.Model):
    """A source app (NexaCloud, NexaDesk, …) that registers customers and pushes usage."""

    _name = "fusion.billing.service"
    _description = "Billing Service"
    _inherit = ["fusion.billing.owned.mixin", "fusion.billing.coded.mixin", "mail.thread"]
    _order = "name, id"

    name = fields.Char(required=True, tracking=True)
    code = fields.Char(
        compute="_compute_code",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        copy=False,
        tracking=True,
        help="Short technical name. It is written on every counter the service pushes.",
    )
    active = fields.Boolean(
        default=True, tracking=True, help="The keys of an archived service are refused."
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
        fixed=True,
        help="Requests with a key of this service run in this company.",
    )
    sees_own_only = fields.Boolean(
        "Only Its Own Subscriptions",
        tracking=True,
        help="The app is told of, and may use, the subscriptions that it created. Otherwise all of"
        " the customers that it is linked to.",
    )
    request_quota = Whole(
        "Requests a Minute",
        between=(0, 1_000_000),
        tracking=True,
        help="More are refused, and the app tries again later. No limit if 0.",
    )
    event_quota = Whole(
        "Events a Minute",
        between=(0, 100_000_000),
        tracking=True,
        help="Counters of all batches together. More are refused. No limit if 0.",
    )
    webhook_url = fields.Char("Webhook URL")

    account_link_ids = fields.One2many("fusion.billing.account.link", "service_id")
    api_key_ids = fields.One2many(
        "fusion.billing.api.key", "service_id", "API Keys", groups="fusion_billing.group_manager"
    )
    subscription_ids = fields.One2many("sale.order", "fusion_service_id")
    account_link_count = fields.Integer("Customers", compute="_compute_counts")
    subscription_count = fields.Integer("Subscriptions", compute="_compute_counts")
    rejection_count = fields.Integer(
        "Rejected", compute="_compute_rejection_count", groups="fusion_billing.group_user"
    )

    _code_unique = models.Constraint(
        "UNIQUE(company_id, code)",
        "You cannot use this code again: the company has a service with it. Choose another code.",
    )

    @api.depends("account_link_ids", "subscription_ids")
    def _compute_counts(self):
        for service in self:
            service.account_link_count = len(service.account_link_ids)
            service.subscription_count = len(service.subscription_ids)

    def _compute_rejection_count(self):
        counts = dict(
            self.env["fusion.billing.rejection"]._read_group(
                [("service_id", "in", self.ids)], ["service_id"], ["__count"]
            )
        )
        for service in self:
            service.rejection_count = counts.get(service, 0)

    @api.model_create_multi
    def create(self, vals_list):
        services = super().create(vals_list)
        services._admit_api_user()
        return services

    def copy_data(self, default=None):
        # A copy has no keys and no customers yet: whoever makes keys must tell the two apart.
        return [
            {**vals, "name": (default or {}).get("name") or self.env._("%s (copy)", service.name)}
            for service, vals in zip(self, super().copy_data(default), strict=True)
        ]

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & REMEMBERED:
            self.env.registry.clear_cache()
        return result

    @ormcache("self.id")
    def _source(self):
        """Return the :class:`Source`, without a query."""
        self.ensure_one()
        return Source(
            self.code, self.company_id.id, self.sees_own_only, self.request_quota, self.event_quota
        )

    def _admit_api_user(self):
        """Let the technical user that runs API requests work in the services' companies."""
        # sudo: whoever may create a service need not be allowed to change users.
        api_user = self.env.ref("fusion_billing.user_api").sudo()
        api_user.company_ids |= self.company_id - api_user.company_ids

    def _generate_api_key(self, **terms):
        """Create a key for this service and return it, raw: it cannot be read again (A2).

        :param terms: see `_generate` of keys
        """
        self.ensure_one()
        return self.env["fusion.billing.api.key"]._generate(self, **terms)

    def _sees(self, subscription):
        """Say whether the app may know of a subscription of one of its customers."""
        return not self.sees_own_only or subscription.fusion_service_id == self

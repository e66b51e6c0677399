from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..base.retry import run_again_if_faster

# What of a service its sandbox has, too.
LIMITS = ("sees_own_only", "request_quota", "event_quota")


class FusionBillingService(models.Model):
    """A service can have a sandbox: a service of its own, in a company for tests with a clock."""

    _inherit = "fusion.billing.service"

    sandbox_clock = fields.Datetime(
        "Clock",
        compute="_compute_sandbox_clock",
        help="What time it is in this sandbox. It stands until it is advanced.",
    )
    has_sandbox = fields.Boolean(compute="_compute_has_sandbox")

    @api.depends("company_id")
    def _compute_sandbox_clock(self):
        for service in self:
            # sudo: an app reads services, and no companies.
            service.sandbox_clock = service.company_id.sudo().fusion_clock

    def _compute_has_sandbox(self):
        for service in self:
            service.has_sandbox = bool(service._find_sandbox_service())

    # === ACTIONS === #

    def action_create_sandbox(self):
        """Make the sandbox of this service and show its key, once; or open the one there is."""
        self.ensure_one()
        self._check_sandbox_manager()
        if self.company_id._fusion_is_sandbox():
            raise UserError(
                self.env._(
                    "You cannot make a sandbox of a sandbox: open the service that it is of."
                )
            )
        if self._find_sandbox_service():
            return self.action_view_sandbox()
        companies = self.env["res.company"]
        with run_again_if_faster():
            company = companies._fusion_find_sandbox(self) or companies._fusion_create_sandbox(self)
            service = self._create_sandbox_service(company)
            self.env.flush_all()
        return self._show_key(service._generate_api_key(), service)

    def action_view_sandbox(self):
        """Open the service that is this one's sandbox, in its own company."""
        self.ensure_one()
        self._check_sandbox_manager()
        service = self._find_sandbox_service()
        # A page of its own: Odoo changes to a record's company when a page is opened.
        return {
            "type": "ir.actions.act_url",
            "url": f"/odoo/billing-services/{service.id}",
            "target": "self",
        }

    def action_reset_sandbox(self):
        """Remove all that was tried out."""
        self._check_is_sandbox()._fusion_reset_sandbox()
        return self._notify_sandbox(self.env._("The sandbox is empty, and its clock is now."))

    def action_update_sandbox(self):
        """Let the sandbox's plans cost what they cost today where business is done."""
        self._check_is_sandbox()._fusion_update_catalogue()
        return self._notify_sandbox(self.env._("The sandbox has the prices of today."))

    # === HELPERS === #

    def _find_sandbox_service(self):
        """Return the service that is this one's sandbox, archived or not; none if there is none."""
        company = self.env["res.company"]._fusion_find_sandbox(self)
        # sudo: it lies in a company that is not chosen now.
        services = self.sudo().with_context(active_test=False)
        domain = [("company_id", "=", company.id)]
        return services.search(domain, limit=1, order="active DESC, id")

    def _create_sandbox_service(self, company):
        services = self.sudo().with_company(company)
        services = services.with_context(allowed_company_ids=company.ids)
        return services.create(
            {
                "name": self.env._("%s sandbox", self.name),
                "company_id": company.id,
                **{name: self[name] for name in LIMITS},
            }
        )

    def _sandbox_company(self):
        """Return the company of a sandbox, in sudo and as the one that is chosen."""
        # sudo: who manages billing, or has a key, does in this company what nobody may elsewhere.
        company = self.company_id.sudo()
        return company.with_company(company).with_context(allowed_company_ids=company.ids)

    def _show_key(self, raw, service):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("API Key of %s", service.name),
            "res_model": "fusion.billing.api.key.show",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_key": raw},
        }

    def _notify_sandbox(self, message):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": message,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _check_is_sandbox(self):
        """Return the company of this sandbox, see there.

        :raise UserError: this service does business: nothing of it is removed or advanced
        """
        self.ensure_one()
        self._check_sandbox_manager()
        if not self.company_id._fusion_is_sandbox():
            raise UserError(
                self.env._(
                    "You cannot do this with %s: it is no sandbox. Open its sandbox first.",
                    self.name,
                )
            )
        return self._sandbox_company()

    def _check_sandbox_manager(self):
        """:raise AccessError: somebody else than a billing manager calls"""
        self.check_access("write")
        if not self.env.user.has_group("fusion_billing.group_manager"):
            raise AccessError(
                self.env._("You cannot do this with a sandbox: only billing managers can.")
            )

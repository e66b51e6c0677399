from itertools import count

from odoo import api, fields, models
from odoo.fields import Command

from ..base.clock import now
from ..base.engine import as_engine

# What of its company a sandbox has, too: all that decides what documents look like.
SETTINGS = (
    "currency_id",
    "fusion_billing_tz",
    "tax_calculation_rounding_method",
    "account_price_include",
    "fiscalyear_last_day",
    "fiscalyear_last_month",
)
ADDRESS = ("street", "street2", "city", "zip", "state_id", "country_id", "lang")


class ResCompany(models.Model):
    """The company in which an app is tried out: made like the one in which it does business."""

    _inherit = "res.company"

    fusion_sandbox_of_id = fields.Many2one(
        "fusion.billing.service",
        "Sandbox Of",
        readonly=True,
        copy=False,
        ondelete="set null",
        groups="fusion_billing.group_manager",
        help="The service that is tried out in this company.",
    )

    _fusion_sandbox_unique = models.UniqueIndex(
        "(fusion_sandbox_of_id) WHERE fusion_sandbox_of_id IS NOT NULL",
        "You cannot make a second sandbox of a service: open the one that there is.",
    )

    @api.model
    def _fusion_find_sandbox(self, service):
        """Return the company in which a service is tried out, in sudo; none if there is none."""
        # sudo: who may see the service need not see that company.
        companies = self.sudo().with_context(active_test=False)
        return companies.search([("fusion_sandbox_of_id", "in", service.ids)])

    @api.model
    def _fusion_create_sandbox(self, service):
        """Make the company in which a service is tried out, with what it needs to bill.

        :return: the company, in sudo
        """
        # sudo: who may make a service need not be allowed to make companies.
        real = service.sudo().company_id
        sandbox = as_engine(self.sudo()).create(
            {
                "name": self._fusion_name_sandbox(real, service),
                "fusion_clock": now(),
                "fusion_sandbox_of_id": service.id,
                **{name: _value(real, name) for name in SETTINGS},
            }
        )
        # Not with the company: Odoo would install what it has for the country.
        sandbox.partner_id.write({name: _value(real.partner_id, name) for name in ADDRESS})
        sandbox._fusion_admit_managers(real)
        sandbox = sandbox.with_company(sandbox).with_context(allowed_company_ids=sandbox.ids)
        sandbox._fusion_copy_accounting(real)
        sandbox._fusion_copy_catalogue(real)
        return sandbox

    @api.model
    def _fusion_name_sandbox(self, real, service):
        """Return a name that no company has: `Nexa (TEST NexaCloud)`."""
        name = self.env._("%(company)s (TEST %(service)s)", company=real.name, service=service.name)
        # sudo: a name that is taken is taken for all.
        every = self.sudo().with_context(active_test=False)
        taken = set(every.search([("name", "=like", f"{name}%")]).mapped("name"))
        names = (name if number == 1 else f"{name} {number}" for number in count(1))
        return next(one for one in names if one not in taken)

    def _fusion_admit_managers(self, real):
        """Let whoever manages billing in a company look at its sandbox."""
        managers = self.env.ref("fusion_billing.group_manager").all_user_ids
        of_company = managers.filtered(lambda user: real in user.company_ids)
        of_company.write({"company_ids": [Command.link(self.id)]})


def _value(record, name):
    return record._fields[name].convert_to_write(record[name], record)

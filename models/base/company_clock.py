from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import ormcache

from .clock import now
from .engine import given, is_engine


class ResCompany(models.Model):
    """What time it is for a company: a sandbox has a clock of its own, all others the server's.

    The clock is a column of the sandbox's company and of nothing else: no process, no thread and
    no context holds a time, so that nothing has to be put back after an error, and no other
    company can see it.
    """

    _inherit = "res.company"

    fusion_clock = fields.Datetime(
        "Sandbox Clock",
        readonly=True,
        copy=False,
        groups="fusion_billing.group_user",
        help="What time it is in a sandbox. It stands until it is advanced. Empty: this company is"
        " none.",
    )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        if given({"fusion_clock"}, self.env, vals_list):
            self._fusion_check_clock_keeper()
        return super().create(vals_list)

    def write(self, vals):
        if "fusion_clock" in vals:
            self._fusion_check_clock_keeper()
        return super().write(vals)

    def _fusion_check_clock_keeper(self):
        """:raise UserError: somebody else than the engine sets a clock"""
        if not is_engine(self.env):
            raise UserError(
                self.env._(
                    "You cannot write the clock of a company: open the sandbox among the services"
                    " and press Advance Clock."
                )
            )

    # === BUSINESS METHODS === #

    @ormcache("self.id")
    def _fusion_is_sandbox(self):
        """Whether this is a company for tests; it is from its first moment on, or never."""
        # sudo: an app's work asks, too, which reads no companies.
        return bool(self.sudo().fusion_clock)

    def _fusion_now(self):
        """Return this moment as it is for the company, a naive datetime in UTC."""
        self.ensure_one()
        # sudo: an app's work asks, too, which reads no companies.
        return self.sudo().fusion_clock if self._fusion_is_sandbox() else now()

    def _fusion_today(self):
        """Return the date of now in the billing time zone."""
        return self._fusion_zones().date_of(self._fusion_now())

    @api.model
    def _fusion_on_schedule(self):
        """Return the companies whose work the scheduled actions do: a sandbox's is done as its
        clock is advanced.
        """
        # sudo: whoever a scheduled action runs as, no company is left out.
        companies = self.sudo().with_context(active_test=False)
        return companies.search([("fusion_clock", "=", False)])

    def _fusion_real(self):
        """Return those of these companies that are no sandboxes."""
        return self.filtered(lambda company: not company._fusion_is_sandbox())

    def _fusion_domain_at(self, time_of, domain_at):
        """Return the domain of what holds in these companies, in each at its own time.

        :param callable time_of: from a company to its moment, or its day
        :param callable domain_at: from such a time to what holds then
        """
        return Domain.OR(
            Domain("company_id", "in", same.ids) & domain_at(time)
            for time, same in self.grouped(time_of).items()
        )

from psycopg2.errors import ForeignKeyViolation

from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..base.clock import now
from ..base.engine import as_engine
from ..base.retry import lock, no_alarm


class ResCompany(models.Model):
    """A sandbox that begins anew."""

    _inherit = "res.company"

    def _fusion_reset_sandbox(self):
        """Remove subscriptions, usage, documents, customers and events; it is now again.

        The catalogue, the service, its keys and its endpoint stay. It is one transaction: all of
        it happens or nothing.
        """
        self.ensure_one()
        lock(self, allow_referencing=True)
        mine = Domain("company_id", "=", self.id)
        everything = self.with_context(active_test=False, force_delete=True).env
        self._fusion_run_all(UNLOCKED)
        for name in ("account.bank.statement", "account.move", "account.payment"):
            everything[name].search(mine).unlink()
        orders = everything["sale.order"].search(mine)
        self._fusion_run_all(REMOVED, orders=orders.ids)
        orders.unlink()
        everything["fusion.billing.account.link"].search(mine).unlink()
        for customer in everything["res.partner"].search(mine & Domain("user_ids", "=", False)):
            customer._fusion_remove()
        # Last: what is removed is told, too.
        self.env.flush_all()
        everything["fusion.billing.webhook.delivery"].search(mine).unlink()
        self.fusion_time_zone_ids.unlink()
        as_engine(self).fusion_clock = now()

    def _fusion_run_all(self, statements, **values):
        """Run statements on what this sandbox has, past the rules that keep documents."""
        self.env.flush_all()
        for statement in statements:
            self.env.cr.execute(SQL(statement, company=self.id, **values))
        self.env.invalidate_all()


class ResPartner(models.Model):
    """Customers of a sandbox."""

    _inherit = "res.partner"

    def _fusion_remove(self):
        """Delete a contact; archive it if something that is not ours names it."""
        try:
            with no_alarm(ForeignKeyViolation), self.env.cr.savepoint():
                self.unlink()
        except (ForeignKeyViolation, UserError):
            self.active = False


# Odoo keeps what was posted, secured or lies in days that are locked: nothing here is any more.
UNLOCKED = (
    "UPDATE res_company SET fiscalyear_lock_date = NULL, tax_lock_date = NULL,"
    " sale_lock_date = NULL, purchase_lock_date = NULL, hard_lock_date = NULL"
    " WHERE id = %(company)s",
    "UPDATE account_payment SET state = 'draft' WHERE company_id = %(company)s",
    "UPDATE account_move SET state = 'draft', inalterable_hash = NULL"
    " WHERE company_id = %(company)s",
    "UPDATE account_move_line SET parent_state = 'draft' WHERE company_id = %(company)s",
)

# What explains documents is kept by the rules of the house, so that it goes without them. What
# refers to an order alone goes with it.
REMOVED = (
    "DELETE FROM fusion_billing_reconciliation WHERE company_id = %(company)s",
    "DELETE FROM fusion_billing_revenue_movement WHERE subscription_id = ANY(%(orders)s)",
    "DELETE FROM fusion_billing_usage_correction WHERE subscription_id = ANY(%(orders)s)",
    "DELETE FROM fusion_billing_usage WHERE subscription_id = ANY(%(orders)s)",
    "DELETE FROM fusion_billing_rating WHERE subscription_id = ANY(%(orders)s)",
    "DELETE FROM fusion_billing_item WHERE subscription_id = ANY(%(orders)s)",
    "DELETE FROM fusion_billing_phase WHERE subscription_id = ANY(%(orders)s)",
    "DELETE FROM fusion_billing_kept_answer WHERE service_id IN"
    " (SELECT id FROM fusion_billing_service WHERE company_id = %(company)s)",
    "UPDATE sale_order SET state = 'cancel', fusion_state = NULL WHERE id = ANY(%(orders)s)",
)

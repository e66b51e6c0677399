from contextlib import contextmanager

from odoo import models
from odoo.exceptions import LockError
from odoo.tools import SQL

from ...core.api import errors
from ...core.api.payload import invalid


class FusionBillingApiSandbox(models.AbstractModel):
    """The clock of a sandbox, and how it begins anew."""

    _name = "fusion.billing.api.sandbox"
    _description = "API: the sandbox"

    # === ENDPOINTS === #

    def _read(self, service, _values):
        return {"now": self._company(service).fusion_clock}

    def _advance(self, service, values):
        """Advance the clock and do what is due on the way.

        :return: `now`, where the clock stands; `reached`, whether that is what was asked for: if
            it took too long the rest is done by the same request again; how many `documents` and
            `events` were made by this one; and how many subscriptions are `failing`
        :raise InvalidInput: `not_a_sandbox`
        """
        company, until = self._company(service), values["now"]
        self._check_until(company, until)
        before = self._count(company)
        with self._alone(company):
            reached = company._fusion_advance_clock(until, self._keep)
        return {
            "now": company.fusion_clock,
            "reached": reached,
            **{name: count - before[name] for name, count in self._count(company).items()},
            "failing": self._count_failing(company),
        }

    def _reset(self, service, _values):
        """Remove customers, subscriptions, usage, documents and events; the clock is now again.

        :raise InvalidInput: `not_a_sandbox`
        """
        company = self._company(service)
        with self._alone(company):
            company._fusion_reset_sandbox()
        return {"now": company.fusion_clock}

    # === HELPERS === #

    def _company(self, service):
        """Return the sandbox's company.

        :raise InvalidInput: the key is of a service that does business
        """
        if not service.company_id._fusion_is_sandbox():
            raise errors.InvalidInput(
                "This key is of a service that does business: only a sandbox has a clock.",
                "not_a_sandbox",
            )
        # sudo: advancing the clock does the work of scheduled actions, in this company alone.
        return service._sandbox_company()

    def _check_until(self, company, until):
        first, last = company.fusion_clock, company._fusion_latest_clock()
        if not first <= until <= last:
            raise invalid(
                "now",
                f"must be from {first.isoformat()}Z to {last.isoformat()}Z: the clock does not go"
                " back, and goes two years at once at most",
            )

    @contextmanager
    def _alone(self, company):
        """Advance or reset a sandbox while no other request does: that one is told to come again.

        It does not wait, as the server's workers are there for business. The turn is of a session
        of its own, since what is done is committed on the way; it ends however the process does.

        :raise LockError: another request is at it
        """
        with self.env.registry.cursor() as turn:
            if not _ask(turn, TAKE_TURN, company):
                raise LockError("This sandbox is being advanced or reset.")
            try:
                yield
            finally:
                _ask(turn, END_TURN, company)

    def _keep(self):
        """Commit a step of the clock: a request that is ended on the way has not been in vain."""
        self.env.cr.commit()  # pylint: disable=invalid-commit
        self.env.invalidate_all()  # what others have committed meanwhile counts

    def _count(self, company):
        """Return how many documents and events there are."""
        mine = [("company_id", "=", company.id)]
        moves = company.env["account.move"]
        return {
            "documents": moves.search_count([*mine, ("fusion_bill_on", "!=", False)]),
            "events": company.env["fusion.billing.webhook.delivery"].search_count(mine),
        }

    def _count_failing(self, company):
        failing = [("company_id", "=", company.id), ("fusion_error", "!=", False)]
        return company.env["sale.order"].search_count(failing)


def _ask(cursor, query, company):
    cursor.execute(SQL(query, f"fusion_billing.sandbox/{company.id}"))
    [[answer]] = cursor.fetchall()
    cursor.commit()
    return answer


TAKE_TURN = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
END_TURN = "SELECT pg_advisory_unlock(hashtextextended(%s, 0))"

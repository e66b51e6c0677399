from typing import Any, NamedTuple

from dateutil.relativedelta import relativedelta

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..base.staff import check_staff

MONTHS = (3, 6, 12, 24)
DEFAULT_MONTHS = 6  # what is shown at once is read at each opening of the app


class Scope(NamedTuple):
    """What a dashboard is about: of whom, from when on, and in which currency."""

    companies: Any
    currency: Any
    today: Any
    months: int
    starts: tuple  # the first days of the months, and of the one to come
    converted: SQL  # `amount`, of `currency_id`, in that currency at today's rate
    own_converted: SQL  # the same of one in the currency of `company_id`
    plan: Any
    service: Any

    def of(self, path=""):
        """Return the domain of what the filters leave.

        :param str path: from the model to the subscription, with a dot: `"subscription_id."`
        """
        domain = Domain.TRUE
        if self.plan:
            domain &= Domain(f"{path}fusion_plan_id", "=", self.plan.id)
        if self.service:
            domain &= Domain(f"{path}fusion_service_id", "=", self.service.id)
        return domain

    @property
    def first(self):
        return self.starts[0]


class FusionBillingDashboard(models.AbstractModel):
    """The business at a glance: what the app shows first.

    Everything is read in one call and added up by the database, from the log of recurring revenue,
    from the ledger and from documents; nothing is priced here. Amounts are in the currency of the
    company that is chosen first, those of other companies and currencies at today's rate. A figure
    comes with the action that opens its list, and with the domain of what it counts.
    """

    _name = "fusion.billing.dashboard"
    _description = "Billing Dashboard"

    @api.readonly
    def read_dashboard(self, filters=None):
        """Return what the dashboard shows.

        :param dict filters: `months` (one of 3, 6, 12, 24), `plan_id` and `service_id`: of
            subscriptions that are on the plan today, or of the service; what is none is ignored
        :return: what `static/src/dashboard` draws. An `action` is the external id of a window
            action with what differs from it
        :raise AccessError: somebody else than billing staff asks
        """
        check_staff(self.env["sale.order"], "read")
        self.env.flush_all()
        return self._without_tests()._read_all(filters)

    def _without_tests(self):
        """The same dashboard of companies that do business; or of a sandbox alone, if that is the
        company that is chosen first.
        """
        chosen, first = self.env.companies, self.env.company
        companies = first if first._fusion_is_sandbox() else chosen._fusion_real()
        if companies == chosen:
            return self
        return self.with_context(allowed_company_ids=companies.ids)

    def _read_all(self, filters):
        scope = self._scope(filters if isinstance(filters, dict) else {})
        checklist = self._read_checklist(scope)
        answer = {"filters": self._read_filters(scope), "checklist": checklist}
        if self._has_figures(scope):
            answer.update(self._read_figures(scope))
        return answer

    def _read_figures(self, scope):
        """Return the figures by the part of the screen that shows them."""
        return {"currency_id": scope.currency.id, "attention": self._read_attention(scope)}

    def _has_figures(self, scope):
        """Whether there is a subscription, so that there is something to show."""
        orders = self.env["sale.order"]
        return bool(orders.search_count(Domain("fusion_state", "!=", False), limit=1))

    # === FILTERS === #

    def _scope(self, filters):
        today = self.env.company._fusion_today()
        months = filters.get("months")
        # A float is equal to one of them, and no number of months.
        months = months if type(months) is int and months in MONTHS else DEFAULT_MONTHS
        first = today.replace(day=1) - relativedelta(months=months - 1)
        return Scope(
            companies=self.env.companies,
            currency=self.env.company.currency_id,
            today=today,
            months=months,
            starts=tuple(first + relativedelta(months=number) for number in range(months + 1)),
            plan=self._chosen("fusion.billing.plan", filters.get("plan_id")),
            service=self._chosen("fusion.billing.service", filters.get("service_id")),
            **self._conversions(today),
        )

    def _conversions(self, day):
        """Return how `amount` is converted; one in a currency that is not in use is left out."""
        company, currencies = self.env.company, self.env["res.currency"]
        used = currencies.search([("active", "=", True)]) | self.env.companies.currency_id
        rates = {
            one: one._get_conversion_rate(one, company.currency_id, company, day) for one in used
        }
        own = {one.id: rates[one.currency_id] for one in self.env.companies}
        return {
            "converted": _conversion("currency_id", {one.id: rates[one] for one in used}),
            "own_converted": _conversion("company_id", own),
        }

    def _chosen(self, model, record_id):
        records = self.env[model].with_context(active_test=False)
        is_id = type(record_id) is int and 0 < record_id < 2**31
        return records.search([("id", "=", record_id)]) if is_id else records.browse()

    def _read_filters(self, scope):
        """Return what may be chosen, and what is."""
        return {
            "months": scope.months,
            "month_choices": MONTHS,
            "plan_id": scope.plan.id,
            "plans": self._read_choices("fusion.billing.plan"),
            "service_id": scope.service.id,
            "services": self._read_choices("fusion.billing.service"),
        }

    def _read_choices(self, model):
        records = self.env[model].search_fetch([("active", "=", True)], ["name"])
        return [{"id": record.id, "name": record.name} for record in records]

    # === HOW === #

    def _action(self, xmlid, name, domain=(), **changes):
        """Return a window action of ours with another name and domain.

        :param changes: the `view` to begin with, if not its first one, and the `context`
        """
        return {"xmlid": xmlid, "name": name, "domain": list(domain), **changes}

    def _query(self, statement, scope, **parameters):
        """Run a statement about the companies of a scope, see there for what it may name."""
        return self.env.execute_query(
            SQL(
                statement,
                converted=scope.converted,
                own_converted=scope.own_converted,
                companies=scope.companies.ids,
                today=scope.today,
                first=scope.first,
                is_chosen=self._chosen_sql(scope),
                **parameters,
            )
        )

    def _chosen_sql(self, scope):
        """Return what of `subscription_id` the filters leave."""
        if not scope.plan and not scope.service:
            return SQL("true")
        query = self.env["sale.order"]._search(scope.of(), bypass_access=True)
        return SQL("subscription_id IN %s", query.subselect())


def _conversion(column, rates):
    """Return `amount` times the rate that belongs to a column's value; without one, nothing."""
    cases = [
        SQL("WHEN %s THEN amount", value)
        if rate == 1
        else SQL("WHEN %s THEN amount * %s::numeric", value, rate)
        for value, rate in rates.items()
    ]
    return SQL("CASE %s %s END", SQL.identifier(column), SQL(" ").join(cases))

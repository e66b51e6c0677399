from contextlib import contextmanager
from datetime import timedelta

from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...core.api import errors
from ...core.api.payload import invalid
from ...core.money.timeline import ACTIVE, PAUSES, UNPAIDS
from ..base.retry import run_again_if_faster
from ..subscription.sale_order_timeline import UsageAfterEnd
from .paging import find_page

START_WITHIN = timedelta(days=5 * 366)


@contextmanager
def raises_invalid_state():
    """Tell the app, in the seam's own sentence, why a subscription does not allow something."""
    try:
        yield
    except UsageAfterEnd as error:
        raise errors.UsageAfterEnd(str(error), error.count) from error
    except UserError as error:
        raise errors.InvalidInput(str(error), "invalid_state") from error


class FusionBillingApiSubscriptions(models.AbstractModel):
    """The subscriptions of an app's customers."""

    _name = "fusion.billing.api.subscriptions"
    _description = "API: subscriptions"
    _inherit = ["fusion.billing.api.finder", "fusion.billing.api.serializer"]

    # === ENDPOINTS === #

    def _create_one(self, service, values):
        """Create and confirm a subscription, or find the one with this external id.

        :raise Conflict: that one is of another customer, on another plan or starts otherwise
        """
        vals = self._prepare_subscription(service, values)
        existing = self._find_own_subscription(service, values["external_id"])
        if existing:
            self._check_same_subscription(existing, vals)
            return {**self._describe(service, existing), "created": False}
        with run_again_if_faster():
            # sudo: the API may create subscriptions of its customers, not orders in general.
            created = self.env["sale.order"].sudo()._fusion_create_subscription(vals)
        return {**self._describe(service, created.sudo(False)), "created": True}

    def _list(self, service, values):
        domain = self._subscriptions_domain(service) & self._filtered(service, values)
        page, next_cursor = find_page(
            self.env["sale.order"], domain, values["limit"], values["cursor"]
        )
        return {
            "subscriptions": self._describe_subscriptions(service, page),
            "next_cursor": next_cursor,
        }

    def _read(self, service, subscription_id, _values):
        return self._describe(service, self._get_subscription(service, subscription_id))

    def _pause(self, service, subscription_id, values):
        """Pause; what is paused on that day already can be asked again.

        :raise NotFound: there is no such subscription
        :raise InvalidInput: `invalid_state`, the subscription does not allow it
        :raise UsageAfterEnd: counters lie in the pause, and are not to be discarded
        """
        subscription = self._get_subscription(service, subscription_id)
        if not self._is_paused(subscription, values["date"]):
            self._change(subscription, "_fusion_pause", **values)
        return self._describe(service, subscription)

    def _resume(self, service, subscription_id, values):
        """Go on; what is not paused on that day can be asked again."""
        subscription = self._get_subscription(service, subscription_id)
        if not self._is_active(subscription, values["date"]):
            self._check_paid(subscription, values["date"])
            self._change(subscription, "_fusion_resume", **values)
        return self._describe(service, subscription)

    def _cancel(self, service, subscription_id, values):
        """End; what ends on that day, or has ended, can be asked again.

        :raise UsageAfterEnd: counters lie after the end, and are not to be discarded
        """
        subscription = self._get_subscription(service, subscription_id)
        ended = not subscription._fusion_is_running()
        if not ended or values["date"] not in (None, subscription.fusion_end_date):
            wanted = {**values, "refund": values["refund"] != "none"}
            self._change(subscription, "_fusion_close", **wanted)
        return self._describe(service, subscription)

    def _change_plan(self, service, subscription_id, values):
        """Move a subscription to another plan. What is asked for already can be asked again.

        Without a day it holds for good: other plans to come are taken back.

        :raise InvalidInput: `invalid_state`, the subscription does not allow it
        """
        plan = self._find_plan(service, values["plan_id"], values["plan_code"])
        subscription = self._get_subscription(service, subscription_id)
        with raises_invalid_state():
            # sudo: the API may change its subscriptions in these ways, not orders at large.
            self._move_to_plan(subscription.sudo(), plan.sudo(), values["date"])
        return self._describe(service, subscription)

    def _filtered(self, service, values):
        """Return the domain of what a list is asked for.

        :raise InvalidInput: there is no such plan or customer
        """
        domain = Domain.TRUE
        if values["external_id"]:
            domain &= self._own_domain(service, values["external_id"])
        if values["state"]:
            domain &= Domain("fusion_state", "=", values["state"])
        if values["plan_code"]:
            old_too = self.with_context(active_test=False)
            plan = old_too._find_plan(service, None, values["plan_code"])
            domain &= Domain("fusion_plan_id", "=", plan.id)
        if values["external_customer_id"]:
            customer = self._find_customer(service, values["external_customer_id"])
            domain &= Domain(
                "partner_id.commercial_partner_id", "=", customer.commercial_partner_id.id
            )
        if values["changed_since"]:
            domain &= self._changed_subscriptions(service, values["changed_since"])
        return domain

    # === CREATING === #

    def _prepare_subscription(self, service, values):
        return {
            "partner_id": self._find_customer(service, values["external_customer_id"]).id,
            "plan_id": self._find_plan(service, values["plan_id"], values["plan_code"]).id,
            "service_id": service.id,
            "external_id": values["external_id"],
            "start_date": self._check_start(service, values["start_date"]),
            "lines": self._prepare_lines(service, values["lines"]),
        }

    def _check_start(self, service, date):
        today = service.company_id._fusion_today()
        if date and abs(date - today) > START_WITHIN:
            raise invalid("start_date", "must not be more than five years away")
        return date

    def _prepare_lines(self, service, lines):
        """Return products and quantities of order lines, exactly as they were asked for.

        :raise BatchError: those that are wrong, by index
        """
        prepared, wrong = [], []
        for index, line in enumerate(lines):
            try:
                prepared.append(self._prepare_line(service, line))
            except errors.InvalidInput as error:
                wrong.append((index, error))
        if wrong:
            raise errors.BatchError(wrong, "line")
        return prepared

    def _prepare_line(self, service, line):
        self._check_quantity(line["quantity"])
        if not line["quantity"]:
            raise invalid("quantity", "must be above 0")
        return {
            "product_id": self._find_product(service, line).id,
            "quantity": float(line["quantity"]),
        }

    def _check_same_subscription(self, subscription, vals):
        """:raise Conflict: the request asks for something else than what was created"""
        differing = {
            "external_customer_id": subscription.partner_id.id != vals["partner_id"],
            "plan_code": subscription._fusion_get_plan().id != vals["plan_id"],
            "start_date": vals["start_date"] not in (None, subscription.fusion_start_date),
        }
        for name, differs in differing.items():
            if differs:
                raise errors.Conflict(
                    f"There is a subscription with this external id and another {name}.", field=name
                )

    # === CHANGING === #

    def _change(self, subscription, method, **arguments):
        """Call one of the seam's methods."""
        with raises_invalid_state():
            # sudo: the API may change its subscriptions in these ways, not orders at large.
            getattr(subscription.sudo(), method)(**arguments)

    def _is_paused(self, subscription, date):
        """Whether it is paused on a day; if none is named, whether it is shown as paused."""
        if not date:
            return subscription.fusion_state == "4_paused"
        return self._state_on(subscription, date) in PAUSES

    def _is_active(self, subscription, date):
        """Whether it runs on a day; if none is named, whether no pause is going on or planned."""
        if date:
            return self._state_on(subscription, date) == ACTIVE
        timeline, today = subscription._fusion_timeline(), subscription._fusion_today()
        states = {phase.state for phase in (timeline.on(today), *timeline.after(today))}
        return subscription._fusion_is_running() and states.isdisjoint(PAUSES)

    def _check_paid(self, subscription, date):
        """:raise InvalidInput: it is paused for non-payment: paying ends that, or staff do"""
        timeline = subscription._fusion_timeline()
        day = date or subscription._fusion_next_paused_day(timeline)
        if day and timeline.on(day).state in UNPAIDS:
            raise errors.InvalidInput(
                "The subscription is paused for non-payment: it goes on when what is overdue is"
                " paid.",
                "invalid_state",
            )

    def _state_on(self, subscription, day):
        """Return the state on a day of its life; None on other days, or once it has ended."""
        timeline = subscription._fusion_timeline()
        runs = subscription._fusion_is_running() and timeline.start <= day
        return timeline.on(day).state if runs else None

    def _move_to_plan(self, subscription, plan, date):
        """Change the plan; a change to it that is planned for an earlier day waits until this one.

        Without a day it holds for good: what is planned for later would undo it.
        """
        if date and (planned := subscription._fusion_planned_start(plan, date)):
            subscription._fusion_take_back(planned, "plan")
        subscription._fusion_change_plan(plan, date, for_good=not date)

    # === ANSWERS === #

    def _describe(self, service, subscription):
        return self._describe_subscriptions(service, subscription)[0]

"""Subscriptions in the customer portal: who may see what, and nothing of billing."""

import csv
import io

from odoo import http
from odoo.exceptions import AccessError, MissingError
from odoo.http import request

from odoo.addons.portal.controllers.portal import CustomerPortal
from odoo.addons.portal.controllers.portal import pager as portal_pager

from ..core.api.errors import InvalidInput
from ..core.api.payload import ID_LIMIT, invalid, record_id
from ..core.api.payload import day as read_day
from ..core.api.payload import quantity as read_quantity
from ..models.portal.page import Page
from ..models.portal.sale_order_alerts import MOST_ALERTS

PATH = "/my/subscriptions"
MOST_WORDS = 1000
ONE = f"{PATH}/<int(min=1, max=2147483647):order_id>"


def portal_route(*paths, **kwargs):
    """A page of the portal."""
    return http.route(list(paths), type="http", website=True, **kwargs)


class SubscriptionPortal(CustomerPortal):
    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "fusion_subscription_count" in counters:
            orders = request.env["sale.order"]
            domain = orders._fusion_portal_domain(request.env.user.partner_id)
            readable = orders.has_access("read")
            values["fusion_subscription_count"] = readable and orders.search_count(domain, limit=1)
        return values

    # === LOOKING === #

    @portal_route(PATH, f"{PATH}/page/<int:page>", auth="user", readonly=True)
    def fusion_subscriptions(self, page=1, **_kw):
        orders = request.env["sale.order"]
        domain = orders._fusion_portal_domain(request.env.user.partner_id)
        readable = orders.has_access("read")
        pager = portal_pager(
            url=PATH,
            total=readable and orders.search_count(domain),
            page=page if isinstance(page, int) else 1,  # the path names it, no query
            step=self._items_per_page,
        )
        found = readable and orders.search(
            domain,
            order="fusion_state, id desc",
            limit=self._items_per_page,
            offset=pager["offset"],
        )
        return request.render(
            "fusion_billing.portal_subscriptions",
            {
                **self._prepare_portal_layout_values(),
                "page_name": "fusion_subscription",
                "default_url": PATH,
                "pager": pager,
                # sudo: of what they may read, customers read the plan's name, too.
                "subscriptions": (found or orders).sudo(),
            },
        )

    @portal_route(ONE, auth="public")
    def fusion_subscription(self, order_id, access_token=None, period=None, **query):
        order = self._find_subscription(order_id, access_token)
        if not order:
            return request.redirect("/my")
        if not order._fusion_has_begun():
            return self._go(order.access_url, access_token)
        return self._render(
            "fusion_billing.portal_subscription",
            order,
            access_token,
            period,
            alerts_outcome=query.get("alerts"),
            outcome=query.get("outcome"),
            payment_outcome=query.get("payment"),
            may_change=bool(self._find_own(order_id)),
        )

    @portal_route(f"{ONE}/usage.csv", auth="public", readonly=True)
    def fusion_usage(self, order_id, access_token=None, period=None, **_kw):
        """Return what was used on each day of a billing period."""
        order = self._find_subscription(order_id, access_token)
        if not order or not order._fusion_has_begun():
            return request.redirect("/my")
        page = Page(order, self._read_day(period))
        try:
            content = _write_csv(page.table())
        except InvalidInput:  # the page says that it is being worked out
            return self._go(order._fusion_portal_url(), access_token)
        name = f"usage-{order.id}-{page.period.start.isoformat()}.csv"
        return request.make_response(
            content,
            headers=[
                ("Content-Type", "text/csv; charset=utf-8"),
                ("Content-Disposition", http.content_disposition(name)),
                ("X-Content-Type-Options", "nosniff"),
            ],
        )

    # === ALERTS === #

    @portal_route(f"{ONE}/alerts", auth="user", methods=["POST"])
    def fusion_set_alerts(self, order_id, **_kw):
        """Set the budget and the amounts at which the customer is told, all of them at once."""
        order, form = self._find_own(order_id), request.httprequest.form
        if not order:
            return request.redirect("/my")
        try:
            limit = _read_amount(form.get("budget", ""))
            amounts = {_read_amount(text) for text in form.getlist("alert")}
        except InvalidInput:
            return self._back(order, "alerts", "invalid")
        amounts -= {None}
        if len(amounts) > MOST_ALERTS:
            return self._back(order, "alerts", "invalid")
        order._fusion_set_alerts(request.env.user.partner_id, limit, amounts)
        return self._back(order, "alerts", "saved")

    # === CHANGING AND ENDING === #

    @portal_route(f"{ONE}/plan", auth="user", methods=["GET"])
    def fusion_plans(self, order_id, outcome=None, **_kw):
        """Offer the plans that the customer may change to, with what each comes to."""
        order = self._find_own(order_id)
        if not order:
            return request.redirect("/my")
        offers = [
            {
                "plan": plan,
                "fees": order._fusion_portal_fees(plan),
                "comes_to": order._fusion_describe_customer_change(change),
            }
            for plan, change in order._fusion_customer_plans().items()
        ]
        return self._offer("fusion_billing.portal_change_plan", order, offers, outcome)

    @portal_route(f"{ONE}/plan", auth="user", methods=["POST"])
    def fusion_change_plan(self, order_id, plan="", day="", **_kw):
        """Change to a plan from the day on that the customer saw."""
        order = self._find_own(order_id)
        if not order:
            return request.redirect("/my")
        plan = request.env["fusion.billing.plan"].sudo().browse(read_id(plan))
        partner, day = request.env.user.partner_id, self._read_day(day)
        done = bool(plan and day) and order._fusion_customer_change_plan(partner, plan, day)
        return self._tell(order, done, "/plan")

    @portal_route(f"{ONE}/cancel", auth="user", methods=["GET"])
    def fusion_ends(self, order_id, outcome=None, **_kw):
        """Offer the days on which the subscription may end, with what each comes to."""
        order = self._find_own(order_id)
        if not order:
            return request.redirect("/my")
        offers = [
            {"comes_to": order._fusion_describe_customer_change(change)}
            for change in order._fusion_customer_ends()
        ]
        return self._offer("fusion_billing.portal_cancel", order, offers, outcome)

    @portal_route(f"{ONE}/cancel", auth="user", methods=["POST"])
    def fusion_cancel(self, order_id, **_kw):
        """End the subscription on the day that the customer chose, and keep why."""
        order, form = self._find_own(order_id), request.httprequest.form
        if not order:
            return request.redirect("/my")
        # PostgreSQL keeps no text with a NUL.
        reason = form.get("reason", "").replace("\0", "").strip()[:MOST_WORDS]
        partner, day = request.env.user.partner_id, self._read_day(form.get("day"))
        done = bool(reason and day) and order._fusion_customer_close(partner, day, reason)
        return self._tell(order, done, "/cancel")

    def _offer(self, template, order, offers, outcome):
        values = {
            **self._prepare_portal_layout_values(),
            "page_name": "fusion_subscription",
            "subscription": order,
            "outcome": outcome,
            # What cannot be worked out cannot be done.
            "offers": [offer for offer in offers if offer["comes_to"]],
        }
        return request.render(template, values)

    def _tell(self, order, done, page):
        suffix, outcome = ("", "done") if done else (page, "failed")
        return request.redirect(f"{order._fusion_portal_url(suffix)}?outcome={outcome}")

    # === HELPERS === #

    def _find_own(self, order_id):
        """Return a subscription in sudo for one of the customer's people, who are logged in.

        A token is not enough to change something, as it is in e-mails that are passed on; and
        staff do their changes in the back office, where rights are asked for.
        """
        user, order = request.env.user, self._find_subscription(order_id)
        customer = order and order.partner_id.commercial_partner_id
        if not order or not user._is_portal() or customer != user.commercial_partner_id:
            return None
        return order if order._fusion_is_running() else None

    def _go(self, url, access_token):
        token = {"access_token": access_token} if access_token else None
        return request.redirect_query(url, token)

    def _back(self, order, name, outcome):
        return request.redirect(f"{order._fusion_portal_url()}?{name}={outcome}#{name}")

    def _find_subscription(self, order_id, access_token=None):
        """Return an order in sudo, for who may read it or has its token; else None."""
        # A file may come in its place: then it is none.
        is_text = isinstance(access_token, str) and access_token.isascii()
        token = access_token if is_text else None
        try:
            return self._document_check_access("sale.order", order_id, access_token=token)
        except (AccessError, MissingError):
            return None

    def _render(self, template, order, access_token, period=None, **values):
        page = Page(order, self._read_day(period))
        return request.render(
            template,
            self._get_page_view_values(
                order,
                access_token,
                {
                    **self._prepare_portal_layout_values(),
                    "page_name": "fusion_subscription",
                    "subscription": order,
                    "res_company": order.company_id,
                    "page": page,
                    **page.values(),
                    **values,
                },
                "my_fusion_subscriptions_history",
                False,
            ),
        )

    def _read_day(self, text):
        try:
            return read_day(text, "period")
        except InvalidInput:
            return None


def _read_amount(text):
    """Return an amount above zero that somebody typed, exactly; None if nothing.

    :raise InvalidInput: it is none
    """
    amount = read_quantity(text.strip() or None, "amount")
    if amount is not None and not amount:
        raise invalid("amount", "must be above zero")
    return amount


def read_id(text):
    """Return the id that a form names; 0 if it is none."""
    try:
        number = record_id(text, "id") or 0
    except InvalidInput:
        return 0
    return number if number < ID_LIMIT else 0


def _write_csv(rows):
    """Write rows for a spreadsheet: a text that it would take for a formula stays a text."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerows([_as_text(cell) for cell in row] for row in rows)
    return "\ufeff" + out.getvalue()


def _as_text(cell):
    cell = str(cell)
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell

"""Very many equal subscriptions, within seconds: one is made as staff make it, SQL copies it."""

from datetime import date

from odoo import fields
from odoo.tools import SQL

from e2e.in_odoo import catalog
from e2e.in_odoo.bench.names import METRIC, name_of

TERMS = {
    "charge_model": "standard",
    "included_quota": "100",
    "price_per_unit": "0.0125",
    "unit_batch": "1",
}
PLANS = {
    "metered": {"fee": "10", "metrics": (METRIC,)},
    "full": {"fee": "10", "metrics": (METRIC, "storage")},
}
EXTRA_FEE = "bench-seats"


def prepare(env, subscriptions: int, began: str, plan: str = "metered") -> dict:
    """Create a service, a plan and as many customers, each with a subscription to it.

    :param began: their first day, in ISO 8601
    :return: the service's `key`, and `odoo_key`, one of Odoo's own API
    """
    metrics = {code: {"name": code.replace("_", " ")} for code in PLANS[plan]["metrics"]}
    made = catalog.create(
        env,
        "Bench",
        metrics,
        {
            plan: {
                "name": plan.title(),
                "fee": PLANS[plan]["fee"],
                "fee_timing": "arrears",
                "charges": {code: TERMS for code in metrics},
            }
        },
    )
    catalog.create_product(
        env, "Seats", default_code=EXTRA_FEE, list_price=5, fusion_recurring=True
    )
    first = subscribe(env, 0, fields.Date.to_date(began), plan)
    copy(env, first, subscriptions - 1)
    keys = env["res.users.apikeys"].with_user(env.ref("base.user_admin")).sudo()
    return {"key": made["key"], "odoo_key": keys._generate("rpc", "bench", None)}


def subscribe(env, number: int, began: date, plan: str):
    service = env["fusion.billing.service"].search([("code", "=", "bench")])
    name = name_of(number)
    partner = env["res.partner"].create({"name": f"Customer {name}"})
    env["fusion.billing.account.link"].create(
        {"service_id": service.id, "partner_id": partner.id, "external_id": name}
    )
    codes = [f"bench-{plan}", *[EXTRA_FEE] * (plan == "full")]
    products = env["product.product"].search([("default_code", "in", codes)])
    return env["sale.order"]._fusion_create_subscription(
        {
            "partner_id": partner.id,
            "service_id": service.id,
            "external_id": name,
            "plan_id": env["fusion.billing.plan"].search([("code", "=", plan)]).id,
            "start_date": began,
            "lines": [{"product_id": product.id, "quantity": 1} for product in products],
        }
    )


def grow(env, subscriptions: int) -> None:
    """Copy the first subscription until there are as many."""
    first = env["sale.order"].search([("fusion_external_id", "=", name_of(0))])
    copy(env, first, subscriptions - env["sale.order"].search_count([]))


# === COPYING === #


def copy(env, order, count: int) -> None:
    """Copy an order with its customer, lines and timeline so many times, row by row in SQL."""
    if count < 1:
        return
    env.flush_all()
    # Keys are right: no checks. The cluster is the benchmark's own.
    env.cr.execute("SET LOCAL session_replication_role = replica")
    known = env["sale.order"].search_count([])
    partner, lines = order.partner_id, order.order_line
    new = {
        model: _next_id(env, model) for model in ("res.partner", "sale.order", "sale.order.line")
    }
    own_partner, own_order = SQL("%s + n", new["res.partner"]), SQL("%s + n", new["sale.order"])
    number = SQL("concat('sub-', lpad((%s + n - 1)::text, 6, '0'))", known)
    contacts = ("partner_id", "partner_invoice_id", "partner_shipping_id")

    def own_line(column: SQL) -> SQL:
        return SQL(
            "%s + (n - 1) * %s + array_position(%s, %s)",
            new["sale.order.line"],
            len(lines),
            sorted(lines.ids),
            column,
        )

    copies = [
        ("res_partner", partner, {"commercial_partner_id": own_partner}),
        (
            "fusion_billing_account_link",
            env["fusion.billing.account.link"].search([("partner_id", "=", partner.id)]),
            {"partner_id": own_partner, "external_id": number},
        ),
        (
            "sale_order",
            order,
            {
                **dict.fromkeys(contacts, own_partner),
                "fusion_external_id": number,
                "name": number,
                "access_token": SQL("NULL"),
            },
        ),
        ("sale_order_line", lines, {"order_id": own_order, "order_partner_id": own_partner}),
        ("fusion_billing_phase", order.fusion_phase_ids, {"subscription_id": own_order}),
        (
            "fusion_billing_item",
            order.fusion_item_ids,
            {"subscription_id": own_order, "order_line_id": own_line(SQL("source.order_line_id"))},
        ),
    ]
    for table, rows, values in copies:
        _copy_rows(env, table, rows.ids, count, values)
    env.cr.execute(
        SQL(
            "INSERT INTO account_tax_sale_order_line_rel (sale_order_line_id, account_tax_id)"
            " SELECT %s, account_tax_id FROM account_tax_sale_order_line_rel,"
            " generate_series(1, %s) AS n WHERE sale_order_line_id = ANY(%s)",
            own_line(SQL("sale_order_line_id")),
            count,
            lines.ids,
        )
    )
    env.invalidate_all()
    env.cr.commit()
    for table, *_rest in copies:
        env.cr.execute(SQL("ANALYZE %s", SQL.identifier(table)))


def _next_id(env, model) -> int:
    """The id before those of the copies."""
    table = SQL.identifier(env[model]._table)
    return env.execute_query(SQL("SELECT max(id) FROM %s", table))[0][0]


def _copy_rows(env, table: str, ids: list[int], count: int, values: dict) -> None:
    """Copy rows `count` times: ids go on in the order of copies, then of rows."""
    columns = [
        column
        for [column] in env.execute_query(
            SQL(
                "SELECT column_name FROM information_schema.columns"
                " WHERE table_schema = current_schema AND table_name = %s AND column_name != 'id'",
                table,
            )
        )
    ]
    env.cr.execute(
        SQL(
            COPY,
            table=SQL.identifier(table),
            ids=sorted(ids),
            width=len(ids),
            count=count,
            columns=SQL(", ").join(map(SQL.identifier, columns)),
            values=SQL(", ").join(
                values.get(column, SQL.identifier("source", column)) for column in columns
            ),
        )
    )
    env.cr.execute(
        SQL(
            "SELECT setval(pg_get_serial_sequence(%s, 'id'), (SELECT max(id) FROM %s))",
            table,
            SQL.identifier(table),
        )
    )


COPY = """
INSERT INTO %(table)s (id, %(columns)s)
SELECT (SELECT max(id) FROM %(table)s) + (n - 1) * %(width)s
       + array_position(%(ids)s, source.id), %(values)s
  FROM %(table)s AS source, generate_series(1, %(count)s) AS n
 WHERE source.id = ANY(%(ids)s)
"""

"""Plans, metrics, charges, products and a service, as billing staff would enter them."""


def create(env, service: str, metrics: dict, prices: dict) -> dict:
    """Create a price list and the service that pushes its usage.

    :param service: name and code of the service
    :param metrics: `{code: values}`
    :param prices: `{plan code: {"name", "fee", "fee_timing", "charges": {metric code: values}}}`
    :return: the service's key, and the percentage of the products' tax
    """
    made = {
        code: env["fusion.billing.metric"].create({"code": code, **values})
        for code, values in metrics.items()
    }
    for code, plan in prices.items():
        create_plan(env, service.lower(), code, plan, made)
    record = env["fusion.billing.service"].create({"name": service, "code": service.lower()})
    tax = env.company.account_sale_tax_id
    return {"key": record._generate_api_key(), "tax_percent": str(tax.amount)}


def create_plan(env, prefix: str, code: str, values: dict, metrics: dict) -> None:
    """Create one plan: its recurring product, and a charge with a product for each metric."""
    create_product(
        env,
        values["name"],
        default_code=f"{prefix}-{code}",
        list_price=float(values["fee"]),
        fusion_recurring=True,
    )
    plan = env["fusion.billing.plan"].create(
        {"code": code, "name": values["name"], "fee_timing": values["fee_timing"]}
    )
    for metric, terms in values["charges"].items():
        numbers = ("included_quota", "price_per_unit", "unit_batch")
        env["fusion.billing.charge"].create(
            {
                "plan_id": plan.id,
                "metric_id": metrics[metric].id,
                "product_id": create_product(env, f"{values['name']}: {metrics[metric].name}").id,
                "charge_model": terms["charge_model"],
                **{name: float(terms[name]) for name in numbers},
            }
        )


def create_product(env, name: str, **values):
    """Create a service product with the company's own sales tax."""
    return env["product.product"].create(
        {
            "name": name,
            "type": "service",
            "invoice_policy": "order",
            "taxes_id": [(6, 0, env.company.account_sale_tax_id.ids)],
            **values,
        }
    )

{
    "name": "Payment Provider: Test Network",
    "summary": "Charges cards of a network that only tests have. Never shipped.",
    "version": "19.0.1.0.0",
    "category": "Hidden",
    "author": "Nexa",
    "license": "OPL-1",
    "depends": ["fusion_billing"],
    "data": ["data/payment_provider_data.xml", "data/checkout.xml"],
    "post_init_hook": "post_init_hook",
    "installable": True,
}

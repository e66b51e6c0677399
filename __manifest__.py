{
    "name": "Fusion Billing",
    "summary": "Usage-based billing: apps push counters, customers get exact invoices",
    "version": "19.0.1.0.0",
    "category": "Sales/Subscriptions",
    "author": "Nexa Systems Inc.",
    "license": "OPL-1",
    "depends": ["sale_management", "account", "mail", "portal"],
    "data": [
        # Groups come first: everything below names them.
        "security/fusion_billing_groups.xml",
        "security/ir.model.access.csv",
        "security/fusion_billing_rules.xml",
        "data/res_users_data.xml",
        "data/mail_activity_type_data.xml",
        "data/ir_cron_data.xml",
    ],
    "application": True,
}

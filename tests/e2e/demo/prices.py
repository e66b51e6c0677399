"""The demo's price list: what billing staff enter, and what the recount goes by."""

METRICS = {
    "map_requests": {"name": "Map requests", "aggregation": "sum"},
    "data_mb": {"name": "Data (MB)", "aggregation": "sum"},
    "active_users": {"name": "Active users", "aggregation": "unique_count"},
}

PRICES = {
    "starter": {
        "name": "NexaMaps Starter",
        "fee": "9.90",
        "fee_timing": "advance",
        "charges": {
            "map_requests": {
                "charge_model": "package",
                "included_quota": "150",
                "price_per_unit": "1.45",
                "unit_batch": "100",
            },
            "data_mb": {
                "charge_model": "standard",
                "included_quota": "2.5",
                "price_per_unit": "0.067",
                "unit_batch": "1",
            },
            "active_users": {
                "charge_model": "standard",
                "included_quota": "2",
                "price_per_unit": "3.33",
                "unit_batch": "1",
            },
        },
    },
    "business": {
        "name": "NexaMaps Business",
        "fee": "49",
        "fee_timing": "arrears",
        "charges": {
            "map_requests": {
                "charge_model": "standard",
                "included_quota": "500",
                "price_per_unit": "0.0085",
                "unit_batch": "1",
            },
            "data_mb": {
                "charge_model": "standard",
                "included_quota": "5",
                "price_per_unit": "44.9",
                "unit_batch": "1000",
            },
            "active_users": {
                "charge_model": "package",
                "included_quota": "5",
                "price_per_unit": "12.5",
                "unit_batch": "3",
            },
        },
    },
}

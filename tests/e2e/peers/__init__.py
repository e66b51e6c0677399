"""The other ends: apps, browsers, payment networks, endpoints and proxies that Odoo talks with."""

"""The arithmetic and protocols of billing in plain Python, without Odoo."""

"""Odoo's modules, as the person who administers a database handles them."""


def uninstall(env, name: str) -> None:
    env["ir.module.module"].search([("name", "=", name)]).button_immediate_uninstall()

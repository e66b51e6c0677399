"""Faults: a small world under load, in which processes are killed, disks fill up and time runs out.

`World` is the billing of some subscriptions: an Odoo that is started again whenever it ends, on a
PostgreSQL server of its own, apps that push usage and sign up customers, and a receiver of their
webhooks. `strikes` are what can go wrong, at a moment of a stage of the work. When the world has
come to rest, `checks` says what was lost, doubled or refused.
"""

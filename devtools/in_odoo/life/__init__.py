"""A random life: staff and apps act at random on many subscriptions for months, interleaved.

`world.live` runs it inside Odoo; `devtools.audit` recounts afterwards what it left behind.
"""

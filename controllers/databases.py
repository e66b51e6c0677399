"""Why no database answers a request: because it is away, or because the request names none."""

import psycopg2

from odoo import http, sql_db


def names_no_database(host, name):
    """Say whether a request will not find its database later either.

    :param str host: the header `Host`
    :param str name: the header `X-Odoo-Database`; without it a server's only database is meant
    """
    try:
        served = http.db_filter(_databases(), host=host)
    except psycopg2.Error:
        return False
    return name not in served if name else len(served) > 1


def _databases():
    """Return the names of Odoo's databases, also of those that take no connections."""
    with sql_db.db_connect("postgres").cursor() as cr:
        cr.execute(DATABASES)
        return [name for [name] in cr.fetchall()]


DATABASES = """
SELECT datname FROM pg_database
 WHERE NOT datistemplate AND datname != 'postgres'
   AND datdba = (SELECT oid FROM pg_roles WHERE rolname = current_user)
"""

"""Pages of the API's lists."""

from odoo.fields import Domain

from ...core.api.paging import make_cursor


def find_page(model, domain, limit, cursor):
    """Return a page of records in the order of their ids, and the cursor of the next one.

    :param Domain domain: what to list
    :param int limit: how many records at most
    :param int cursor: id after which the page begins
    :return: `(records, next cursor or None)`
    """
    found = model.search(domain & Domain("id", ">", cursor), order="id", limit=limit + 1)
    page = found[:limit]
    return page, make_cursor(page[-1].id) if len(found) > limit else None

"""Pages of the API's lists."""

from odoo.fields import Domain

from ...core.api.paging import make_cursor


def find_page(model, domain, limit, cursor, changed_since=None, changed="write_date"):
    """Return a page of records in the order of their ids, and the cursor of the next one.

    :param Domain domain: what to list
    :param int limit: how many records at most
    :param int cursor: id after which the page begins
    :param datetime changed_since: naive UTC; leave out what was last changed before
    :param str changed: the field that says when a record was changed
    :return: `(records, next cursor or None)`
    """
    if changed_since:
        domain &= Domain(changed, ">=", changed_since)
    found = model.search(domain & Domain("id", ">", cursor), order="id", limit=limit + 1)
    page = found[:limit]
    return page, make_cursor(page[-1].id) if len(found) > limit else None

"""Where the API is."""

import re

PREFIX = "/fusion/api"
VERSION = "v1"


# A slash too many, or a language as Odoo puts it before the paths of pages: /fr, /en_US, /sr@latin;
# but not Odoo's own /web.
_NEARLY = re.compile(r"/+(?:(?!web/)[a-z]{2,3}(?:[_-]\w{2,8})*(?:@\w+)?/+)?fusion/+api(?:/|$)")


def is_api_path(path):
    """Say whether a request for this path is answered in JSON, whatever happens."""
    return bool(_NEARLY.match(path))


def urls(path):
    """Return the addresses of an endpoint: without a version it is the newest one."""
    return [f"{PREFIX}/{VERSION}{path}", f"{PREFIX}{path}"]

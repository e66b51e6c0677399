"""The page on which developers read the API and try it: a frame that its scripts fill.

The scripts and the style are static files, which browsers keep for a week: their addresses change
with their content. Nothing comes from elsewhere, and nothing of the page is executed but they.
"""

import hashlib
from functools import lru_cache
from pathlib import Path

from .api_path import urls

FOLDER = "/fusion_billing/static/api_docs"
POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
)
HEADERS = (("Content-Security-Policy", "; ".join(POLICY)), ("Referrer-Policy", "no-referrer"))

_FILES = Path(__file__).parents[2] / "static" / "api_docs"


@lru_cache(maxsize=1)
def write():
    """Return the page, as HTML."""
    [description, _newest] = urls("/openapi.json")
    return FRAME.format(folder=FOLDER, version=_digest(), description=description)


def _digest():
    """Return what tells the present content of the files from any other."""
    contents = b"".join(path.read_bytes() for path in sorted(_FILES.iterdir()))
    return hashlib.sha256(contents).hexdigest()[:12]


FRAME = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Fusion Billing API</title>
<link rel="icon" href="/fusion_billing/static/description/icon.png">
<link rel="service-desc" type="application/json" href="{description}">
<link rel="stylesheet" href="{folder}/page.css?{version}">
<script type="module" src="{folder}/page.js?{version}"></script>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header>
<h1><a href="#content">Fusion Billing <span>API</span></a></h1>
<form id="access">
<label for="key">API key</label>
<input id="key" type="password" placeholder="fbk_…" autocomplete="off" spellcheck="false"
 aria-describedby="key-note">
<span id="key-note">Forgotten when you leave this page.</span>
</form>
<a href="{description}">OpenAPI</a>
</header>
<div id="columns">
<nav aria-label="Reference">
<label for="filter">Filter</label>
<input id="filter" type="search" placeholder="usage, plan_code, …" autocomplete="off">
<p id="found" role="status"></p>
<details id="menu" open>
<summary>Endpoints and events</summary>
<div id="contents"></div>
</details>
</nav>
<main id="content" tabindex="-1">
<p role="status">The description of the API is being loaded.</p>
<noscript><p>This page needs JavaScript. The API is described for programs at
<a href="{description}">{description}</a>.</p></noscript>
</main>
</div>
</body>
</html>
"""

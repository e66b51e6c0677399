"""Server: where is what, is it there, and does it do its work."""

from ..api_path import PREFIX, VERSION
from ..endpoint import Endpoint
from ..scopes import OPERATIONS
from ..shapes import inline, mapping, string

TITLE = "Server"

BASE = f"{PREFIX}/{VERSION}"

INDEX = Endpoint(
    "index",
    "GET",
    "/",
    None,
    "Where to find what",
    "The base path itself: which paths tell more.",
    answer=inline(
        {
            "version": string("Of the addon.", "19.0.1.0.0"),
            "docs": string("The page on which people read the API and try it.", f"{BASE}/docs"),
            "openapi": string("The API described for programs.", f"{BASE}/openapi.json"),
            "health": string("Whether the server is there.", f"{BASE}/health"),
        }
    ),
)
HEALTH = Endpoint(
    "health",
    "GET",
    "/health",
    None,
    "Is the server there?",
    answer=inline({"version": string("Of the addon.", "19.0.1.0.0")}),
)
READY = Endpoint(
    "ready",
    "GET",
    "/ready",
    OPERATIONS,
    "Does the server do its work?",
    "Whether rating, invoicing and the sending of events are done in time.",
    answer=inline({"late_seconds": mapping("What is how late.", {"rating": 0, "invoicing": 0})}),
    errors=("not_ready",),
)
METRICS = Endpoint(
    "metrics",
    "GET",
    "/metrics",
    OPERATIONS,
    "The company's figures",
    "As Prometheus reads them.",
    content_type="text/plain; version=0.0.4; charset=utf-8",
    shown="# TYPE fusion_billing_events_total counter\nfusion_billing_events_total 1250\n",
)
DESCRIPTION = Endpoint(
    "openapi",
    "GET",
    "/openapi.json",
    None,
    "This description",
    "OpenAPI 3.1, made of what the server itself reads requests by.",
    is_cached=True,
    shown={"openapi": "3.1.0"},
)
DOCS = Endpoint(
    "docs",
    "GET",
    "/docs",
    None,
    "The reference, as a page",
    "To read the API in a browser, and to try it with a key.",
    content_type="text/html; charset=utf-8",
)
ENDPOINTS = (INDEX, HEALTH, DESCRIPTION, DOCS, READY, METRICS)

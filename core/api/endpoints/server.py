"""The server: is it there, and does it do its work."""

from ..endpoint import Endpoint
from ..scopes import OPERATIONS
from ..shapes import inline, mapping, string

TITLE = "Server"

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
)
DESCRIPTION = Endpoint(
    "openapi",
    "GET",
    "/openapi.json",
    None,
    "This description",
    "OpenAPI 3.1, made of what the server itself reads requests by.",
)
ENDPOINTS = (HEALTH, DESCRIPTION, READY, METRICS)

"""Keeps what an app was refused, so that people see why its counters are not there."""

from time import monotonic
from typing import Any, NamedTuple

import psycopg2

from odoo import SUPERUSER_ID, api

from ..core.api.rejections import Admission, clean, tell_answer, tell_request

PATH_LENGTH = 255

_admission = Admission()


class Refused(NamedTuple):
    """What a request was answered, and why.

    :param dict facts: of the answer
    :param error: the exception that it was
    """

    facts: dict
    error: Any


def keep(request, request_id, status, refused):
    """Keep a refused request of a service, if few of its kind were kept before it.

    What the request did is rolled back by now: this is a transaction of its own. A request whose
    key is none is of no service, and is not kept; nor is what comes when the database is away.
    """
    service_id = getattr(request, "fusion_service_id", None)
    kind = request.db, service_id, refused.facts["code"]
    if not service_id or not _admission.admits(kind, monotonic()):
        return
    values = _told(request, request_id, status, refused)
    try:
        with request.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            env["fusion.billing.rejection"]._keep(values)
    except (psycopg2.Error, KeyError):
        return


def _told(request, request_id, status, refused):
    """Return what is kept of a request and its answer."""
    return {
        "service_id": request.fusion_service_id,
        "verb": request.httprequest.method,
        "path": clean(request.httprequest.path, PATH_LENGTH),
        "status": status,
        "code": refused.facts["code"],
        "error": clean(refused.facts["error"]),
        "request_id": request_id,
        "request": tell_request(
            getattr(request, "fusion_payload", None),
            getattr(request, "fusion_body", b""),
            refused.error,
        ),
        "answer": tell_answer(refused.facts),
    }

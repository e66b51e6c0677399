"""An answer on its way out: a line of the log, and a share in the figures of the server."""

import logging
import threading
from time import monotonic

import psycopg2

from odoo import SUPERUSER_ID, api
from odoo.http import Response
from odoo.tools import real_time

from ..core.api.log_line import redact_logs, write_line
from ..core.api.traffic import Traffic
from .rejections import keep

_logger = logging.getLogger(__name__)
_traffic = Traffic()

redact_logs()


class ApiResponse(Response):
    """An answer of the API, which is told when it goes out.

    Odoo tries a request again, and each try makes an answer: only the last one is called.

    :param tell: function that is called then, with the answer's status
    """

    def __init__(self, content, tell, **options):
        super().__init__(content, **options)
        self.__dict__["tell"] = tell

    def __call__(self, environ, start_response):
        self.tell(self.status_code)
        return super().__call__(environ, start_response)


def tell(request, request_id, status, code, events=None, reason=None, refused=None):
    """Log a request that is answered, and count it.

    :param str code: `ok`, or the error's
    :param int events: how many counters were stored
    :param str reason: what went wrong on our side
    :param refused: :class:`.rejections.Refused`, what is told of a request that was refused
    """
    thread = threading.current_thread()
    seconds = real_time() - thread.perf_t0
    facts = {
        "request": request_id,
        "service": getattr(request, "fusion_service_code", None),
        "verb": request.httprequest.method,
        "path": request.httprequest.path,
        "status": status,
        "code": code,
        "events": events,
        # Odoo forgets it once it has logged something.
        "statements": getattr(thread, "query_count", None),
        "ms": round(1000 * seconds),
        "reason": reason,
    }
    _logger.info(write_line(facts))
    if request.db and request.registry is not None:
        _count(request, status, seconds, events or 0)
        if refused:
            keep(request, request_id, status, refused)


def _count(request, status, seconds, events):
    """Count a request among those of its service, if its key was good."""
    service = getattr(request, "fusion_service", None)
    _traffic.note(request.db, service and service.id, status, seconds, events, monotonic())
    store_traffic(request.registry)


def store_traffic(registry):
    """Store what this process has counted, now and then; what cannot be stored is kept."""
    counts = _traffic.take(registry.db_name, monotonic())
    if not counts:
        return
    try:
        with registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            env["fusion.billing.traffic"]._add(counts)
    except (psycopg2.Error, KeyError):
        _traffic.give_back(registry.db_name, counts, monotonic())

"""Every request to the API is answered in JSON, whatever happens to it (A1).

Odoo asks a route's dispatcher to make an answer of any exception, also one that is raised at
commit, after the controller has returned. Here is the one place that says which HTTP status
an error has, what the caller is told of it, and what he is not told.
"""

import logging
import re
import uuid
from functools import singledispatch
from typing import NamedTuple

import psycopg2
from psycopg2.pool import PoolError
from werkzeug.exceptions import BadRequest, HTTPException, MethodNotAllowed, NotFound

from odoo import http
from odoo.exceptions import (
    AccessDenied,
    AccessError,
    ConcurrencyError,
    LockError,
    MissingError,
    UserError,
)

from ..core.api import errors, strict_json
from ..core.api.answer import Document, Partial, validator, write_json
from ..core.api.api_path import is_api_path
from ..core.api.codes import status_of
from ..core.api.idempotency import REPLAYED
from ..core.api.payload import invalid
from ..core.api.rate import rate_headers
from ..models.base.retry import no_alarm
from .answer import ApiResponse, tell
from .body import fetch_body
from .databases import names_no_database
from .once import Once
from .rejections import Refused

_logger = logging.getLogger(__name__)

RETRY = (("Retry-After", "5"),)  # seconds

_SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
_SANE_PATH_TEXT = 255 + len("external:")
_SANE_REASON = 300
# Python reads more as a number: signs, underscores, digits of other scripts.
_LENGTH = re.compile(r"[0-9]{1,18}")


# === ERRORS === #


class Answer(NamedTuple):
    """What an error comes to on HTTP."""

    status: int
    facts: dict
    headers: tuple = ()

    @classmethod
    def of(cls, status, code, sentence, headers=()):
        return cls(status, {"code": code, "error": sentence}, headers)


@singledispatch
def answer_to(_error):
    """Return the answer to an exception; one that nobody expected is told nobody."""
    return Answer.of(
        500, "internal_error", "Something went wrong here; give the request id to support."
    )


@answer_to.register
def _(error: errors.BillingError):
    return Answer(status_of(error.code), error.as_dict(), _headers_of_ours(error))


def _headers_of_ours(error):
    match error:
        case errors.NotReady():
            return RETRY
        case errors.InFlight():
            return (("Retry-After", "1"),)
        case errors.RateLimited():
            return (("Retry-After", str(error.seconds)),)
        case errors.Forbidden(scope=str(scope)):
            return (("WWW-Authenticate", f'Bearer error="insufficient_scope", scope="{scope}"'),)
    return ()


@answer_to.register
def _(error: HTTPException):
    if error.code == 503:
        return unavailable(error)
    answers = {
        401: ("unauthorized", "The API key is missing, unknown, expired or revoked."),
        404: ("not_found", "There is nothing at this path."),
        405: ("method_not_allowed", "This path does not answer to this verb."),
        413: ("payload_too_large", "The body is larger than 5 MiB: send smaller batches."),
    }
    if error.code in answers:
        return Answer.of(error.code, *answers[error.code], _headers_of(error))
    return Answer.of(400, "invalid_payload", "The request could not be read as a whole.")


def _headers_of(error):
    if error.code == 401:
        return (("WWW-Authenticate", "Bearer"),)
    if isinstance(error, MethodNotAllowed):
        # Odoo's router adds OPTIONS to every route, for browsers: the API is not for them.
        verbs = set(error.valid_methods or ()) - {"OPTIONS"}
        return (("Allow", ", ".join(sorted(verbs))),)
    return ()


@answer_to.register(psycopg2.OperationalError)
@answer_to.register(psycopg2.InterfaceError)
@answer_to.register(PoolError)
@answer_to.register(ConcurrencyError)
@answer_to.register(LockError)
@answer_to.register(http.RegistryError)
def unavailable(_error):
    return Answer.of(
        503, "unavailable", "The database is busy or away: nothing was changed, try again.", RETRY
    )


@answer_to.register
def _(error: psycopg2.DatabaseError):
    # Of no kind at all, it is the driver's, which lost the server in the middle of an answer.
    is_lost = type(error) is psycopg2.DatabaseError
    return unavailable(error) if is_lost else answer_to.dispatch(object)(error)


@answer_to.register
def _(_error: MemoryError):
    return Answer.of(
        503, "unavailable", "The server is at its limit: nothing was changed, try again.", RETRY
    )


@answer_to.register
def _(_error: psycopg2.DataError):
    return Answer.of(400, "invalid_payload", "A value is outside of what can be stored.")


@answer_to.register
def _(error: UserError):
    return Answer.of(400, "invalid_payload", str(error))


@answer_to.register
def _(_error: MissingError):
    return Answer.of(404, "not_found", "The record does not exist any more.")


@answer_to.register(AccessError)
@answer_to.register(AccessDenied)
def _(error):
    # A service is only given what it may see, and Odoo denies access for whatever goes wrong
    # while a key is checked: both are mistakes of ours.
    return answer_to.dispatch(object)(error)


# === DISPATCHERS === #


class FusionDispatcher(http.Dispatcher):
    """Serves the routes of the API."""

    routing_type = "fusion"

    @classmethod
    def is_compatible_with(cls, request):
        # The body's type is checked below, where a wrong one gets an answer in JSON.
        return True

    def dispatch(self, endpoint, args):
        """Read the request, call the endpoint with its path and values, write its answer."""
        for value in args.values():
            self._check_path_text(value)
        declared, self.request.params = endpoint.routing["endpoint"], {}
        query, payload = self._read_request(declared)
        once = Once.of(self.request, declared, {**args, "?": query})
        if kept := once and once.find():
            return self._respond(kept.status, kept.content, "ok", ((REPLAYED, "true"),))
        self.request.params = {**args, "values": declared.read_values(payload, query)}
        with no_alarm():
            facts = self.request.registry["ir.http"]._dispatch(endpoint)
            self.request.env.cr.flush()
        status, document = _written(facts)
        if once:
            once.keep(status, document.content)
        if declared.is_cached:
            status, document = self._news(status, document)
        return self._respond(
            status,
            document.content,
            "ok",
            document.headers,
            document.content_type,
            events=None if isinstance(facts, Document) else facts.get("accepted"),
            refused=_refused_of(facts),
        )

    def _news(self, status, document):
        """Say how an answer is known; leave it out, if it is what the caller has already."""
        tag = validator(document.content)
        known = (("ETag", f'"{tag}"'), ("Cache-Control", "private, no-cache"))
        document = document._replace(headers=(*document.headers, *known))
        if self.request.httprequest.if_none_match.contains_weak(tag):
            return 304, document._replace(content=b"")
        return status, document

    def handle_error(self, exc):
        answer = answer_to(exc)
        if answer.status != 500:
            # Odoo logs an exception that has no level of its own as a failure of the server.
            exc.loglevel = logging.DEBUG
        facts = {"status": "error", **answer.facts, "request_id": self.request_id}
        return self._respond(
            answer.status,
            write_json(facts),
            answer.facts["code"],
            answer.headers,
            used_up=filter(None, [getattr(exc, "rate", None)]),
            reason=_reason(exc) if answer.status >= 500 else None,
            refused=Refused(answer.facts, exc) if answer.status < 500 else None,
        )

    # === READING === #

    def _check_path_text(self, text):
        if len(text) > _SANE_PATH_TEXT or not strict_json.is_storable(text):
            raise NotFound

    def _read_request(self, declared):
        """Return the query, and what the request is about: its body, or the query of a GET."""
        query = payload = self._read_query()
        if declared.has_body:
            payload = declared.read_body(self._read_body(declared.media))
        self.request.fusion_payload = payload
        return query, payload

    def _has_no_body(self):
        """Whether it is a DELETE that announces no body: clients send none, and no length of it."""
        headers = self.request.httprequest.headers
        announced = "Content-Length" in headers or "Transfer-Encoding" in headers
        return self.request.httprequest.method == "DELETE" and not announced

    def _read_query(self):
        query = {}
        for name, values in self.request.httprequest.args.lists():
            # A name given twice, or what cannot be stored, stays a list: no reader takes one.
            clear = len(values) == 1 and strict_json.is_storable(values[0])
            query[name] = values[0] if clear else values
        return query

    def _read_body(self, media):
        httprequest, self.request.fusion_body = self.request.httprequest, b""
        if self._has_no_body():
            return b""
        if httprequest.headers.get("Transfer-Encoding"):
            raise invalid("transfer_encoding", "is not accepted: send a Content-Length")
        if not _LENGTH.fullmatch(httprequest.headers.get("Content-Length", "")):
            # Werkzeug reads no body then: a cancellation would forget its date.
            raise invalid("content_length", "must be the number of bytes of the body, 0 for none")
        if httprequest.content_length and httprequest.mimetype not in media:
            raise errors.UnsupportedMediaType(f"The body must be {' or '.join(media)}.")
        try:
            self.request.fusion_body = httprequest.get_data()
            return self.request.fusion_body
        except OSError:
            raise errors.InvalidInput("The body did not arrive as a whole.") from None

    # === ANSWERING === #

    @property
    def request_id(self):
        """The caller's own id of the request if it is sane, else a new one."""
        if not hasattr(self.request, "fusion_request_id"):
            given = self.request.httprequest.headers.get("X-Request-Id", "")
            sane = _SANE_REQUEST_ID.fullmatch(given)
            self.request.fusion_request_id = given if sane else uuid.uuid4().hex
        return self.request.fusion_request_id

    def _respond(
        self, status, content, code, headers=(), content_type="application/json", used_up=(), **told
    ):
        return ApiResponse(
            content,
            lambda status: tell(self.request, self.request_id, status, code, **told),
            status=status,
            headers=[
                ("Content-Type", content_type),
                ("X-Content-Type-Options", "nosniff"),
                ("X-Request-Id", self.request_id),
                *rate_headers((*getattr(self.request, "fusion_rates", ()), *used_up)),
                *{"Cache-Control": "no-store", **dict(headers)}.items(),
            ],
        )


def _refused_of(facts):
    """Return what of a batch was refused that was stored in part."""
    if not isinstance(facts, Partial):
        return None
    return Refused(facts.error.as_dict(), facts.error)


def _written(facts):
    """Return the status of what an endpoint returned, and the document that it comes to."""
    if isinstance(facts, Document):
        return 200, facts
    document = Document(write_json({"status": "ok", **facts}), "application/json")
    return 201 if facts.get("created") else 200, document


def _reason(exc):
    """Return what the log says of a failure, in one line: its kind, and how it begins."""
    lines = str(exc).strip().splitlines()
    return ": ".join((type(exc).__name__, *lines[:1]))[:_SANE_REASON]


class HttpDispatcher(http.HttpDispatcher):
    """Answers requests to the API that fail before they have a route, or a database.

    Odoo gives every request one of these before anything else.
    """

    def __init__(self, request):
        super().__init__(request)
        httprequest = request.httprequest
        if is_api_path(httprequest.path):
            # HTTP/1.0 knows no hosts: Odoo would fall over that, and complain of it in the log.
            httprequest.environ.setdefault("HTTP_HOST", "")
            if httprequest.method not in ("GET", "HEAD"):
                fetch_body(httprequest)

    def handle_error(self, exc):
        if not is_api_path(self.request.httprequest.path):
            return super().handle_error(exc)
        return FusionDispatcher(self.request).handle_error(self._explain(exc))

    def _explain(self, exc):
        """Return the error that is behind the one that Odoo fell over."""
        if not self._names_host():
            return BadRequest("A request names its host.")
        if isinstance(exc, NotFound) and not getattr(self.request, "db", None):
            return self._explain_no_database()
        return exc

    def _names_host(self):
        try:
            return self.request.httprequest.url
        except ValueError:
            return False

    def _explain_no_database(self):
        headers = self.request.httprequest.headers
        if names_no_database(headers["Host"], headers.get("X-Odoo-Database")):
            return errors.InvalidInput(
                "The request names no database of this server: use the host name of yours, or"
                " name it in the header X-Odoo-Database.",
                "unknown_database",
            )
        return http.RegistryError("No database answers this request.")

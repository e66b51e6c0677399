"""What can go wrong, as exceptions: each is a :class:`FusionError`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class FusionError(Exception):
    """Anything that this package raises on purpose."""


class NoAnswerError(FusionError):
    """No answer came, in all attempts: whether the request was carried out is not known.

    The exception of `requests` is its `__cause__`.
    """


@dataclass(frozen=True)
class EventError:
    """What is wrong with one event of a batch."""

    index: int
    code: str
    message: str
    field: str | None = None


def event_errors(answer: Mapping[str, Any]) -> list[EventError]:
    """What an answer says is wrong with which event of a batch."""
    return [
        EventError(one["index"], one["code"], one["error"], one.get("field"))
        for one in answer.get("errors", ())
    ]


class ApiError(FusionError):
    """The API answered that it did not do what was asked. Nothing was changed.

    :ivar int status: of HTTP
    :ivar str code: stable, for programs; `no_json` if the answer is none of the API's
    :ivar str message: one sentence for people
    :ivar str field: the field that is to blame, if one is
    :ivar list events: an :class:`EventError` for each bad event of a batch, up to 100
    :ivar str request_id: stands in the server's log: name it when you ask for help
    :ivar float retry_after: seconds until the same request is welcome again, None if not said
    :ivar dict answer: all that the API said
    """

    def __init__(
        self,
        status: int,
        answer: Mapping[str, Any],
        request_id: str | None = None,
        retry_after: float | None = None,
    ):
        self.status, self.answer, self.retry_after = status, dict(answer), retry_after
        self.code = str(answer.get("code", "no_json"))
        self.message = str(answer.get("error", ""))
        self.field: str | None = answer.get("field")
        self.request_id: str | None = answer.get("request_id") or request_id
        self.events = event_errors(answer)
        super().__init__(f"{status} {self.code}: {self.message} (request {self.request_id})")

    @property
    def is_of_the_api(self) -> bool:
        """Whether the API itself answered, and not a proxy before it or somebody else."""
        return self.code != "no_json"


class BadRequestError(ApiError):
    """400: the request is wrong, and will be wrong next time."""


class UnknownRecordError(BadRequestError):
    """400 `unknown_…`: there is no such customer, subscription, plan, metric or product."""


class InvalidStateError(BadRequestError):
    """400 `invalid_state`: the subscription does not allow it; the sentence says why."""


class AuthenticationError(ApiError):
    """401: the key is missing, wrong, expired or revoked."""


class PermissionDeniedError(ApiError):
    """403: the key is good, and not for this, or not from here."""


class NotFoundError(ApiError):
    """404: there is no such path or record for this service."""


class ConflictError(ApiError):
    """409: the same external id with other content."""


class UsageAfterEndError(ConflictError):
    """409 `usage_after_end`: an end or a pause would lose counters that were accepted.

    :ivar int count: how many
    """

    @property
    def count(self) -> int:
        return int(self.answer.get("count", 0))


class PayloadTooLargeError(ApiError):
    """413: send several smaller batches."""


class RateLimitError(ApiError):
    """429: more than the quota of the service; welcome again after `retry_after` seconds."""


class ServerError(ApiError):
    """5xx: a mistake of the server, or of what is before it."""


class UnavailableError(ServerError):
    """502, 503, 504: the server is away or too busy; the same request is welcome again."""


class NotReadyError(ServerError):
    """503 `not_ready`, only of :meth:`Client.ready`: scheduled work is late."""


class WebhookError(FusionError):
    """A webhook that is not genuine, or too old: answer it with 401."""


class MeterError(FusionError):
    """A meter cannot do what was asked of it."""


class SpoolFullError(MeterError):
    """There is no room for what was recorded: it is not counted."""


_BY_STATUS: dict[int, type[ApiError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    413: PayloadTooLargeError,
    429: RateLimitError,
    502: UnavailableError,
    503: UnavailableError,
    504: UnavailableError,
}
_BY_CODE: dict[str, type[ApiError]] = {
    "unknown_customer": UnknownRecordError,
    "unknown_subscription": UnknownRecordError,
    "unknown_plan": UnknownRecordError,
    "unknown_metric": UnknownRecordError,
    "unknown_product": UnknownRecordError,
    "invalid_state": InvalidStateError,
    "usage_after_end": UsageAfterEndError,
    "not_ready": NotReadyError,
}


def error_of(
    status: int,
    answer: Mapping[str, Any],
    request_id: str | None = None,
    retry_after: float | None = None,
) -> ApiError:
    """Return the exception that fits an answer: by its code, else by its status."""
    fallback = ServerError if status >= 500 else ApiError
    kind = _BY_CODE.get(str(answer.get("code"))) or _BY_STATUS.get(status, fallback)
    return kind(status, answer, request_id, retry_after)

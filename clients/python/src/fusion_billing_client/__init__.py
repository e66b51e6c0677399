"""Fusion Billing for apps: call the API, count usage and lose none, receive webhooks."""

from .aio import AsyncMeter
from .client import Client
from .errors import (
    ApiError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    EventError,
    FusionError,
    InvalidStateError,
    MeterError,
    NoAnswerError,
    NotFoundError,
    NotReadyError,
    PayloadTooLargeError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    SpoolFullError,
    UnavailableError,
    UnknownRecordError,
    UsageAfterEndError,
    WebhookError,
)
from .meter import Meter, Refused, Stats
from .version import VERSION as __version__
from .webhooks import Deduplicator, verify

__all__ = [
    "ApiError",
    "AsyncMeter",
    "AuthenticationError",
    "BadRequestError",
    "Client",
    "ConflictError",
    "Deduplicator",
    "EventError",
    "FusionError",
    "InvalidStateError",
    "Meter",
    "MeterError",
    "NoAnswerError",
    "NotFoundError",
    "NotReadyError",
    "PayloadTooLargeError",
    "PermissionDeniedError",
    "RateLimitError",
    "Refused",
    "ServerError",
    "SpoolFullError",
    "Stats",
    "UnavailableError",
    "UnknownRecordError",
    "UsageAfterEndError",
    "WebhookError",
    "__version__",
    "verify",
]

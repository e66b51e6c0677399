"""The errors that a caller of the API can cause, each with a stable code.

They carry a sentence that a person can act on, the code that a program can act on and,
where one field is to blame, its name. They know nothing of HTTP: the dispatcher alone
says which status an error has.
"""

import logging

ERRORS_SHOWN = 100
VALUE_SHOWN = 80  # characters


class BillingError(Exception):
    """A request that cannot be served, and why.

    :param str message: one sentence for a person, without secrets
    :param str code: stable, snake case; the class's own where it has one
    :param str field: name of the field that is to blame, if it is one
    """

    code = "invalid_payload"

    # These are answers, not failures: whatever logs exceptions should not raise an alarm.
    loglevel = logging.DEBUG

    def __init__(self, message, code=None, field=None):
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.field = field

    def as_dict(self):
        """Return what the caller is told: `code`, `error` and, if one is to blame, `field`."""
        facts = {"code": self.code, "error": self.message}
        return {"field": self.field, **facts} if self.field else facts


def shown(value):
    """Return what a request named, as a sentence has it: `'gold'`."""
    return f"{value!r:.{VALUE_SHOWN}}"


class InvalidInput(BillingError):
    """The request is wrong and will be wrong again."""


class NotFound(BillingError):
    """There is no such path or record, or none that this service may see."""

    code = "not_found"


class Conflict(BillingError):
    """The same external id was given before with different content."""

    code = "conflict"


class UsageAfterEnd(BillingError):
    """Counters that were accepted would not be billed any more, and nobody said they may be lost.

    :param int count: how many there are
    """

    code = "usage_after_end"

    def __init__(self, message, count):
        super().__init__(message)
        self.count = count

    def as_dict(self):
        return {**super().as_dict(), "count": self.count}


class NotReady(BillingError):
    """The server answers, and does not do its work.

    :param dict late_seconds: what is how late, see the readiness of the server
    """

    code = "not_ready"

    def __init__(self, message, late_seconds):
        super().__init__(message)
        self.late_seconds = late_seconds

    def as_dict(self):
        return {**super().as_dict(), "late_seconds": self.late_seconds}


class Forbidden(BillingError):
    """The key is good, and not for this.

    :param str scope: the one that it lacks, if it is one
    """

    def __init__(self, message, code, scope=None):
        super().__init__(message, code)
        self.scope = scope


class RateLimited(BillingError):
    """There were too many requests.

    :param int seconds: until more are taken
    :param rate: the :class:`.rate.Rate` that is used up, if it is one
    """

    code = "rate_limited"

    def __init__(self, message, seconds, rate=None):
        super().__init__(message)
        self.seconds = seconds
        self.rate = rate


class IdempotencyMismatch(BillingError):
    """The key of a request came with another one."""

    code = "idempotency_mismatch"


class InFlight(BillingError):
    """A request with the same key is being carried out."""

    code = "idempotency_in_flight"


class SecretToldOnce(BillingError):
    """What was asked for was done before, and its answer cannot be given again."""

    code = "secret_told_once"


class PdfUnavailable(BillingError):
    """The server lacks the program that makes PDFs."""

    code = "pdf_unavailable"


class TooLarge(BillingError):
    """There is more in the request than is taken at once."""

    code = "payload_too_large"


class UnsupportedMediaType(BillingError):
    """The body is not what the API reads."""

    code = "unsupported_media_type"


class BatchError(InvalidInput):
    """Some members of a batch are wrong, so nothing of the batch was done (U2).

    :param list[tuple[int, BillingError]] errors: each with its position in the batch;
        the first :data:`ERRORS_SHOWN` are told, all are counted
    :param str member: what a member is called
    :param bool is_whole: whether nothing was done; else the other members were stored
    """

    def __init__(self, errors, member="event", is_whole=True):
        self.errors = sorted(errors, key=lambda error: error[0])
        self.member = member
        [index, first] = self.errors[0]
        more = f" ({len(self.errors) - 1} more)" if len(self.errors) > 1 else ""
        done = "Nothing of the batch was stored because of" if is_whole else "Not stored:"
        super().__init__(f"{done} {member} {index}{more}: {first.message}", first.code)

    @property
    def indexes(self):
        """The positions of the members that are wrong."""
        return sorted({index for index, _error in self.errors})

    def tell_errors(self):
        """Return the batch's errors, by index, and how many there are if they are cut."""
        shown = [{"index": index, **error.as_dict()} for index, error in self.errors[:ERRORS_SHOWN]]
        total = {"errors_total": len(self.errors)} if len(shown) < len(self.errors) else {}
        return {"errors": shown, **total}

    def as_dict(self):
        return {**super().as_dict(), **self.tell_errors()}

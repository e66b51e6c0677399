"""The line of the log that each request to the API leaves, and what no line may hold."""

import json
import logging
import re

_PLAIN = re.compile(r"[A-Za-z0-9._:/+-]+")
# Of a secret, as much as people are shown to tell one from another.
_SECRET = re.compile(r"(fbk_[A-Za-z0-9_-]{8}|whsec_[A-Za-z0-9+/]{4})[A-Za-z0-9+/=_-]+")


def write_line(facts):
    """Return facts as `name=value`, with JSON for texts that are not plain; None is left out."""
    return " ".join(f"{name}={_write(value)}" for name, value in facts.items() if value is not None)


def _write(value):
    text = str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text)


def redact(text):
    """Return a text without the secrets that are in it."""
    return _SECRET.sub(r"\1…", text)


class Redaction(logging.Filter):
    """Takes keys and signing secrets out of whatever is logged, tracebacks too."""

    def filter(self, record):
        try:
            text = record.getMessage()
        except Exception:
            # Whoever logs goes on; the handler tells of a message that nobody can write.
            return True
        if (redacted := redact(text)) != text:
            record.msg, record.args = redacted, None
        if record.exc_info and not record.exc_text:
            # A handler's formatter keeps a text that is there.
            record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
        return True


def redact_logs():
    """Let every handler of this process redact, once."""
    for handler in logging.getLogger().handlers:
        if not any(isinstance(one, Redaction) for one in handler.filters):
            handler.addFilter(Redaction())

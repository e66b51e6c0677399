"""An app's own totals of a period, as it sends them to be compared: each read by itself."""

import re

from . import payload
from .errors import InvalidInput
from .payload import invalid, optional, required, shaped
from .usage_event import contradicting_names

_CURRENCY = re.compile(r"[A-Z]{3}")


def read_totals(raw_rows):
    """Read rows, going on after an error, so that everything that is wrong is told at once.

    :param raw_rows: JSON values, numbers as decimals (see :mod:`.strict_json`)
    :return: `(totals, errors)`: the good ones as `{index: total}`, a total being a dict with
        every field there is; and the errors as `[(index, InvalidInput), …]`
    """
    totals, errors = {}, []
    for index, raw in enumerate(raw_rows):
        total, total_errors = read_total(raw)
        if total_errors:
            errors.extend((index, error) for error in total_errors)
        else:
            totals[index] = total
    return totals, errors


def read_total(raw):
    """Read one row.

    :return: `(total, errors)`
    """
    if isinstance(raw, InvalidInput):
        return {}, [raw]
    if not isinstance(raw, dict):
        return {}, [InvalidInput("A row is a JSON object.", "invalid_row")]
    total, errors = payload.collect_fields(raw, READERS)
    errors.extend(contradicting_names(total))
    if total.get("amount") is not None and total.get("currency", "wrong") is None:
        errors.append(payload.missing("currency"))
    return total, errors


@shaped(type="string", pattern="^[A-Z]{3}$")
def currency(value, name):
    """Return the code of a currency."""
    if value is not None and not (isinstance(value, str) and _CURRENCY.fullmatch(value)):
        raise invalid(name, "must be a code of three capital letters, such as EUR")
    return value


def repeated():
    """Return the error for a total that stands in the list already."""
    return InvalidInput(
        "An earlier row has the same subscription and metric: send one total of both.",
        "duplicate_row",
        "metric_code",
    )


READERS = {
    "subscription_external_id": optional(payload.external_id, "Or `subscription_id`.", "sub-42"),
    "subscription_id": optional(payload.record_id),
    "metric_code": required(payload.text, "", "api_calls"),
    "quantity": required(payload.quantity, "Your total.", "1350"),
    "amount": optional(payload.quantity, "Before tax.", "1.75"),
    "currency": optional(currency, "Of the amount.", "USD"),
}

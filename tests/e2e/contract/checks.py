"""What we ask of answers beyond schemathesis's own checks: it loads this by name."""

import json

import schemathesis
from schemathesis.core.failures import Failure

from core.api.codes import CODES
from core.api.endpoint import ANY, BODY

#: A request that the description allows may be refused for what it means, never for its form.
OF_FORM = {*ANY, *BODY} & {code for code in CODES if CODES[code].status in (400, 413, 415)}


@schemathesis.check
def what_is_described_is_well_formed(_context, response, case):
    """A request as described is not answered as one that cannot be read."""
    if case.meta and case.meta.generation.mode.is_positive and response.status_code >= 400:
        code = json.loads(response.content)["code"]
        if code in OF_FORM:
            raise Failure(
                operation=case.operation.label,
                title="A request as described was not read",
                message=f"It was answered with {code}.",
            )


#: With `partial=true` a batch is accepted, and tells which of its events are rejected.
IN_PART = {"POST /usage", "POST /events"}


@schemathesis.check
def what_is_not_described_is_refused_or_rejected(_context, response, case):
    """What schemathesis asks of every other operation: bad data is not taken."""
    is_bad = case.meta and case.meta.generation.mode.is_negative
    was_taken = response.status_code < 400 and case.operation.label in IN_PART
    if is_bad and was_taken and not json.loads(response.content).get("rejected"):
        raise Failure(
            operation=case.operation.label,
            title="A request that is not as described was taken",
            message="Nothing of it was refused or rejected.",
        )

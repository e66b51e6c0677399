from requests.exceptions import ConnectionError as NoConnection
from requests.exceptions import HTTPError, Timeout

from odoo import models
from odoo.exceptions import ValidationError

from ...core.payment.decline import find_reason

REFUSED = range(400, 500)
# A time-out, a conflict with itself, a limit: the request may have been carried out, or will be.
NOT_REFUSED = {408, 409, 425, 429}


def refusal(error):
    """Return the answer by which a provider says that nothing was done; None if it does not.

    Odoo turns every failure of a request into the same error; what caused it hangs on it.
    """
    cause = error.__context__
    while cause and not isinstance(cause, (HTTPError, NoConnection, Timeout)):
        cause = cause.__context__
    if not isinstance(cause, HTTPError) or cause.response is None:
        return None
    status = cause.response.status_code
    return cause.response if status in REFUSED and status not in NOT_REFUSED else None


def _reason_of(answer):
    try:
        return find_reason(answer.json())
    except ValueError:
        return ""  # it is no JSON, and says nothing that is read here


class PaymentTransaction(models.Model):
    """Tells a request that failed from one that was refused."""

    _inherit = "payment.transaction"

    def _send_api_request(self, method, endpoint, **kwargs):
        try:
            return super()._send_api_request(method, endpoint, **kwargs)
        except ValidationError as error:
            answer, attempt = refusal(error), self._fusion_attempt()
            if answer is None:
                attempt.is_unanswered = True
            elif attempt:
                attempt.decline_reason = _reason_of(answer) or False
            raise

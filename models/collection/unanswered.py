from requests.exceptions import ConnectionError as NoConnection
from requests.exceptions import HTTPError, Timeout

from odoo import models
from odoo.exceptions import ValidationError

REFUSED = range(400, 500)
# A time-out, a conflict with itself, a limit: the request may have been carried out, or will be.
NOT_REFUSED = {408, 409, 425, 429}


def is_refusal(error):
    """Say whether an error of a request means that nothing was done.

    Odoo turns every failure of a request into the same error; what caused it hangs on it.
    """
    cause = error.__context__
    while cause and not isinstance(cause, (HTTPError, NoConnection, Timeout)):
        cause = cause.__context__
    if not isinstance(cause, HTTPError) or cause.response is None:
        return False
    status = cause.response.status_code
    return status in REFUSED and status not in NOT_REFUSED


class PaymentTransaction(models.Model):
    """Tells a request that failed from one that was refused."""

    _inherit = "payment.transaction"

    def _send_api_request(self, method, endpoint, **kwargs):
        try:
            return super()._send_api_request(method, endpoint, **kwargs)
        except ValidationError as error:
            if not is_refusal(error):
                self._fusion_attempt().is_unanswered = True
            raise

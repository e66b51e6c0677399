import re
from time import monotonic

from werkzeug.exceptions import MethodNotAllowed, NotFound, Unauthorized
from werkzeug.routing import BaseConverter

from odoo import api, http, models
from odoo.http import request

from ...core.api import errors
from ...core.api.api_path import is_api_path
from ...core.api.failures import Failures

_failures = Failures()
_BEARER = re.compile(r"bearer +(\S+)", re.IGNORECASE)


class SubscriptionConverter(BaseConverter):
    """A subscription in a path: its number, or `external:` and an id that may have slashes."""

    regex = "external:.+?|[^/]+"


class CustomerConverter(BaseConverter):
    """A customer in a path: an id that may have slashes, but not end as a longer path does."""

    regex = "[^/].*?(?<!/collection)"


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    @classmethod
    def _get_converters(cls):
        ours = {"subscription": SubscriptionConverter, "customer": CustomerConverter}
        return {**super()._get_converters(), **ours}

    @classmethod
    def _match(cls, path_info):
        """Keep what Odoo does for people away from the API: languages, redirects, pages."""
        if not is_api_path(path_info):
            return super()._match(path_info)
        cls._fusion_forget_headers()
        request.is_frontend = request.is_frontend_multilang = False
        if request.httprequest.method == "OPTIONS":
            raise MethodNotAllowed(cls._fusion_verbs(path_info))
        try:
            return super()._match(path_info)
        except NotFound:
            # Odoo would look for a page or an attachment to serve instead.
            raise errors.NotFound("There is nothing at this path.") from None
        except MethodNotAllowed:
            # The router tells verbs of the path without a slash too many, where there is none.
            if "//" in path_info:
                raise errors.NotFound("There is nothing at this path.") from None
            raise

    @classmethod
    def _fusion_verbs(cls, path_info):
        """Return the verbs that a path answers to."""
        router = request.env["ir.http"].routing_map()
        return router.bind_to_environ(request.httprequest.environ).allowed_methods(path_info)

    @classmethod
    def _authenticate(cls, endpoint):
        """Let a request to the API in by nothing but its key.

        Odoo would look at the session of a browser too, and take whatever goes wrong in here for
        a denial: an app would throw its key away because the database was.
        """
        if endpoint.routing["type"] != "fusion":
            return super()._authenticate(endpoint)
        cls._fusion_forget_headers()
        if endpoint.routing["auth"] == "fusion":
            return cls._auth_method_fusion(endpoint.routing["endpoint"].scope)
        return getattr(cls, f"_auth_method_{endpoint.routing['auth']}")()

    @classmethod
    def _fusion_forget_headers(cls):
        """Leave behind what Odoo took from cookies and languages; it does so before each try."""
        request.session = http.Session(http.get_default_session(), sid="")
        request.session.can_save = False
        request.env = api.Environment(request.env.cr, None, {})
        request.env.transaction.default_env = request.env

    @classmethod
    def _pre_dispatch(cls, rule, args):
        """Keep the language that the key's service has: Odoo would look for one of its own."""
        if rule.endpoint.routing["type"] != "fusion":
            return super()._pre_dispatch(rule, args)
        return request.dispatcher.pre_dispatch(rule, args)

    @classmethod
    def _auth_method_fusion(cls, scope):
        """Let in who has a key of a service, as the technical user and in the service's company.

        A missing, malformed, unknown, revoked or expired key and a key of an archived service
        all get the same answer (A2).

        :param str scope: what the key must be good for
        """
        access = cls._fusion_find_access()
        if not access:
            raise Unauthorized
        request.fusion_key_id = access.key_id
        request.fusion_service_id = access.service_id
        request.fusion_service_code = access.service_code
        access.check(scope, request.httprequest.remote_addr)
        request.update_env(
            user=cls._fusion_api_user_id(),
            context={"allowed_company_ids": [access.company_id], "lang": access.lang, "tz": "UTC"},
        )
        request.fusion_service = request.env["fusion.billing.service"].browse(access.service_id)
        cls._fusion_count_request()

    @classmethod
    def _fusion_find_access(cls):
        """Return what the request's key gives access to, if anything.

        :raise RateLimited: too many keys that came from this address were none
        """
        match = _BEARER.fullmatch(request.httprequest.headers.get("Authorization", ""))
        raw, keys = match[1] if match else "", request.env["fusion.billing.api.key"]
        address, name = request.httprequest.remote_addr, keys._hash(raw)
        if seconds := _failures.seconds_left(address, name, monotonic()):
            raise errors.RateLimited("Too many keys from your address were wrong: wait.", seconds)
        access = keys._authenticate(raw)
        if access:
            _failures.let_in(name)
        else:
            _failures.note(address, monotonic())
        return access

    @classmethod
    def _fusion_count_request(cls):
        """Count the request against its service's quota, once, however often Odoo tries it.

        :raise RateLimited: the quota is used up
        """
        if not hasattr(request, "fusion_rates"):
            quota = request.env["fusion.billing.quota"]
            request.fusion_rates = quota._take_request(request.fusion_service)

    @classmethod
    def _fusion_api_user_id(cls):
        """Return the id of the user that requests run as."""
        return request.env["ir.model.data"]._xmlid_to_res_id("fusion_billing.user_api")

import re

import psycopg2
from werkzeug.exceptions import MethodNotAllowed, NotFound, ServiceUnavailable, Unauthorized

from odoo import models
from odoo.http import request

from ...core.api import errors
from ...core.api.api_path import is_api_path

_BEARER = re.compile(r"bearer +(\S+)", re.IGNORECASE)


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    @classmethod
    def _match(cls, path_info):
        """Keep what Odoo does for people away from the API: languages, redirects, pages."""
        if not is_api_path(path_info):
            return super()._match(path_info)
        request.is_frontend = request.is_frontend_multilang = False
        if request.httprequest.method == "OPTIONS":
            raise MethodNotAllowed(cls._fusion_verbs(path_info))
        try:
            return super()._match(path_info)
        except NotFound:
            # Odoo would look for a page or an attachment to serve instead.
            raise errors.NotFound("There is nothing at this path.") from None

    @classmethod
    def _fusion_verbs(cls, path_info):
        """Return the verbs that a path answers to."""
        router = request.env["ir.http"].routing_map()
        return router.bind_to_environ(request.httprequest.environ).allowed_methods(path_info)

    @classmethod
    def _auth_method_fusion(cls):
        """Let in who has a key of a service, as the technical user and in the service's company.

        A missing, malformed, unknown, revoked or expired key and a key of an archived service
        all get the same answer (A2).
        """
        access = cls._fusion_find_access()
        if not access:
            raise Unauthorized
        request.update_env(
            user=cls._fusion_api_user_id(),
            context={"allowed_company_ids": [access.company_id], "lang": access.lang, "tz": "UTC"},
        )
        request.fusion_service_code = access.service_code
        request.fusion_service = request.env["fusion.billing.service"].browse(access.service_id)

    @classmethod
    def _fusion_find_access(cls):
        """Return what the request's key gives access to, if anything."""
        match = _BEARER.fullmatch(request.httprequest.headers.get("Authorization", ""))
        try:
            return match and request.env["fusion.billing.api.key"]._authenticate(match[1])
        except psycopg2.OperationalError as error:
            # Odoo takes any other exception in here for a denial: the app would give up.
            raise ServiceUnavailable from error

    @classmethod
    def _fusion_api_user_id(cls):
        """Return the id of the user that requests run as."""
        return request.env["ir.model.data"]._xmlid_to_res_id("fusion_billing.user_api")

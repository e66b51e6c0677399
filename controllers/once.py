"""A request that names an `Idempotency-Key` is carried out once, however often it comes."""

from ..core.api.idempotency import HEADER, fingerprint, read_key


class Once:
    """One request that is carried out once."""

    def __init__(self, request, endpoint, key, told):
        self._answers = request.env["fusion.billing.kept.answer"]
        self._service, self._endpoint = request.fusion_service, endpoint
        self._key, self._told = key, told

    @classmethod
    def of(cls, request, endpoint, path):
        """Return it; None if the request only reads, or names no key.

        :param endpoint: the declaration
        :param dict path: what the request's path and query name
        :raise InvalidInput: its key is none
        """
        key = endpoint.has_body and read_key(request.httprequest.headers.get(HEADER))
        if not key:
            return None
        return cls(request, endpoint, key, fingerprint(endpoint.name, path, request.fusion_body))

    def find(self):
        """Return the answer that it was given before, if it was."""
        return self._answers._find(self._service, self._key, self._told)

    def keep(self, status, content):
        """Keep its answer, together with what it did."""
        self._answers._keep(
            self._service, self._key, self._told, status, content, self._endpoint.tells_secret
        )

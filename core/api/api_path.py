"""Where the API is."""

PREFIX = "/fusion/api"
VERSION = "v1"


def is_api_path(path):
    """Say whether a request for this path is answered in JSON, whatever happens."""
    return path == PREFIX or path.startswith(f"{PREFIX}/")


def urls(path):
    """Return the addresses of an endpoint: without a version it is the newest one."""
    return [f"{PREFIX}/{VERSION}{path}", f"{PREFIX}{path}"]

"""nginx with the guide's configuration, for tests: the machine's own program, else Debian's."""

import contextlib
import re
import shutil
import tempfile
import time
from pathlib import Path

from devtools import debian
from devtools.console import DevError, end_group, spawn
from devtools.locks import exclusive
from devtools.odoo import free_port, is_free
from devtools.paths import DEV, ROOT

UNPACKED = DEV / "nginx"
GUIDE = ROOT / "docs" / "nginx.conf"

#: What is outside of the guide's part: everything stays in one folder, and in the foreground.
FRAME = """
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log warn;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/guide.conf;
}}
"""


def ensure_program() -> str:
    """Return the path of nginx; Debian's is only unpacked, so that no service starts."""
    with exclusive(DEV / "setup.lock", "set-up"):
        program = shutil.which("nginx") or UNPACKED / "usr/sbin/nginx"
        if not Path(program).exists():
            debian.unpack(["nginx"], UNPACKED, "there is no nginx")
    return str(program)


@contextlib.contextmanager
def started(odoo_port: int):
    """Run nginx in front of an Odoo, without TLS, and yield its port."""
    program, port = ensure_program(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # nginx leaves root for a user of its own
        Path(folder, "guide.conf").write_text(adapted(GUIDE.read_text(), port, odoo_port))
        Path(folder, "nginx.conf").write_text(FRAME.format(folder=folder))
        process = spawn([program, "-p", folder, "-c", "nginx.conf", "-e", f"{folder}/error.log"])
        try:
            wait_ready(process, port)
            yield port
        finally:
            end_group(process)


def adapted(text: str, port: int, odoo_port: int) -> str:
    """Return the guide's configuration for these ports: the rest of it stays as it is."""
    text = text.replace("listen 443 ssl;", f"listen 127.0.0.1:{port};")
    text = re.sub(r"\n *ssl_certificate[^;]*;", "", text)
    return text.replace("127.0.0.1:8069", f"127.0.0.1:{odoo_port}")


def wait_ready(process, port: int) -> None:
    deadline = time.monotonic() + 10
    while is_free(port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise DevError("nginx did not start")
        time.sleep(0.05)

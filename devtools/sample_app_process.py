"""The sample app as a process of its own."""

import atexit
import contextlib
import os
import secrets
import subprocess
import time
from pathlib import Path

import requests

from devtools.console import DevError, end_group
from devtools.odoo import free_port
from devtools.paths import LOGS, ROOT, VENV_PYTHON


class SampleApp:
    """A running NexaMaps: `with SampleApp(url, key, log) as app: app.sign_up(…)`.

    :param str fusion: where the billing system is
    :param str key: of the service
    :param Path log: the request log
    :param dict webhooks: environment that says where the app gets webhooks, if it does
    """

    def __init__(self, fusion: str, key: str, log: Path, webhooks: dict | None = None):
        self.log, self.port = log, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None
        self._output = LOGS / "sample-app.log"
        self._command = [
            *(VENV_PYTHON, "-m", "devtools.sample_app", "--fusion", fusion),
            *("--log", log, "--port", str(self.port)),
        ]
        self._admin_token = secrets.token_urlsafe(16)
        self._environment = {"FUSION_API_KEY": key, "NEXAMAPS_ADMIN_TOKEN": self._admin_token}
        self._environment |= webhooks or {}

    def __enter__(self):
        LOGS.mkdir(parents=True, exist_ok=True)
        with self._output.open("wb") as out:
            self.process = subprocess.Popen(
                self._command,
                cwd=ROOT,
                env={**os.environ, **self._environment},
                stdout=out,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        atexit.register(self.stop)
        try:
            self._wait_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_exc):
        self.stop()

    def stop(self) -> None:
        """End the process; what it counted is pushed before, or kept. Safe to call twice."""
        if self.process is not None:
            end_group(self.process)
            self.process = None
            atexit.unregister(self.stop)

    def _wait_ready(self, seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            with contextlib.suppress(requests.ConnectionError):
                requests.get(f"{self.url}/status", timeout=5)
                return
            time.sleep(0.05)
        raise DevError(f"the sample app did not start; see {self._output}")

    def status(self) -> dict:
        return requests.get(f"{self.url}/status", timeout=30).json()

    def sign_up(self, name: str, plan: str) -> dict:
        """Sign up a customer: its `customer`, `subscription` and `token`."""
        return self._post("/signup", {"name": name, "plan": plan})

    def move_clock(self, **how) -> dict:
        return self._post("/admin/clock", how)

    def push(self) -> dict:
        """Have everything pushed that was counted so far."""
        return self._post("/admin/push", {})

    def _post(self, path: str, payload: dict) -> dict:
        headers = {"Authorization": f"Bearer {self._admin_token}"}
        response = requests.post(self.url + path, json=payload, headers=headers, timeout=120)
        if not response.ok:
            raise DevError(f"the sample app refused {path}: {response.text[:500]}")
        return response.json()

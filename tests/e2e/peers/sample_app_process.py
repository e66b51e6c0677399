"""The sample app as a process of its own."""

import atexit
import contextlib
import os
import secrets
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

import requests

from devtools.console import DevError, end_group
from devtools.odoo import free_port
from devtools.paths import CLIENT, LOGS, ROOT, VENV_PYTHON


class Webhooks(NamedTuple):
    """Where the app gets webhooks, and by which secret it knows them."""

    secret: str
    certificate: str
    port: int


class SampleApp:
    """A running NexaMaps: `with SampleApp(url, key, log) as app: app.sign_up(…)`.

    :param str fusion: where the billing system is
    :param str key: of the service
    :param Path log: the request log
    :param webhooks: the app's secret, its certificate and the port for webhooks, if it gets any
    """

    def __init__(self, fusion: str, key: str, log: Path, webhooks: Webhooks | None = None):
        self.log, self.port = log, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None
        self._output = LOGS / "sample-app.log"
        self._command = [
            *(VENV_PYTHON, "-m", "examples.sample_app", "--url", fusion),
            *("--log", log, "--port", str(self.port), "--fee", "nexamaps-{plan}"),
        ]
        self._admin_token = secrets.token_urlsafe(16)
        self._environment = {"FUSION_API_KEY": key, "NEXAMAPS_ADMIN_TOKEN": self._admin_token}
        self._environment["PYTHONPATH"] = str(CLIENT)
        if webhooks:
            self._environment["FUSION_WEBHOOK_SECRET"] = webhooks.secret
            self._command += ["--webhook-port", str(webhooks.port)]
            self._command += ["--webhook-certificate", webhooks.certificate]

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

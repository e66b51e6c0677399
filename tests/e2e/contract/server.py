"""The described API, held against the server by a stranger: schemathesis reads the description,
makes requests of it, good ones and bad ones, and looks whether the answers are as described.
"""

import os
import subprocess
from pathlib import Path

from devtools.paths import DEV, ROOT, TESTS, VENV
from e2e.peers.fusion_client import BASE

PROGRAM = VENV / "bin" / "schemathesis"
CONFIG = Path(__file__).with_name("schemathesis.toml")
CHECKS = "e2e.contract.checks"
SECONDS = 3600  # longer than any run takes


def hold(url: str, key: str, phases: str, *options: str, workers: int = 1) -> tuple[bool, str]:
    """Hold a server against its own description.

    :param key: good for everything
    :param phases: of schemathesis, comma-separated
    :return: whether the two agree, and all that schemathesis says
    """
    command = [
        *(PROGRAM, f"--config-file={CONFIG}", "run", f"{url}{BASE}/openapi.json", "--no-color"),
        *("-H", f"Authorization: Bearer {key}", f"--phases={phases}", f"--workers={workers}"),
        *("--generation-database=none", "--warnings=off", *options),
    ]
    variables = {
        **os.environ,
        "PYTHONPATH": f"{ROOT}{os.pathsep}{TESTS}",
        "SCHEMATHESIS_HOOKS": CHECKS,
    }
    done = subprocess.run(
        command, env=variables, cwd=DEV, capture_output=True, text=True, timeout=SECONDS
    )
    return done.returncode == 0, done.stdout + done.stderr

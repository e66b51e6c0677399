"""The described API, held against the server by a stranger: schemathesis reads the description,
makes requests of it, good ones and bad ones, and looks whether the answers are as described.
"""

import os
import subprocess

from devtools.fusion_client import BASE
from devtools.paths import DEV, ROOT, VENV

PROGRAM = VENV / "bin" / "schemathesis"
CONFIG = ROOT / "devtools" / "contract.toml"
CHECKS = "devtools.contract_checks"
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
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "SCHEMATHESIS_HOOKS": CHECKS}
    done = subprocess.run(
        command, env=variables, cwd=DEV, capture_output=True, text=True, timeout=SECONDS
    )
    return done.returncode == 0, done.stdout + done.stderr

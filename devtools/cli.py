"""The commands of `./dev`."""
import sys

from devtools import environment, runtime
from devtools.console import DevError, say
from devtools.paths import in_venv


def main() -> int:
    try:
        runtime.ensure_runtime()
        if not in_venv():
            environment.enter_venv()
        runtime.ensure_setup()
    except DevError as error:
        say(f"./dev: {error}")
        return 1
    return 0

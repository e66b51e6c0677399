"""Starting Odoo: installing modules, serving, the shell. It listens on the loopback alone."""

import atexit
import contextlib
import os
import socket
import subprocess
import time
import urllib.request

import psutil

from devtools.clock import VARIABLE
from devtools.console import DevError, end_group, spawn
from devtools.paths import ADDONS, DATA, DEV, LOGS, RUNNERS, VENV_PYTHON, odoo_program, odoo_source

HEALTH = "/fusion/api/v1/health"
QUIET = ("--no-http", "--max-cron-threads=0", "--log-level=warn")
ONCE = ("--stop-after-init", "--no-http", "--max-cron-threads=0")


def command(subcommand: str, database: str | None, *options: str) -> list[str]:
    """An Odoo command line for one database, or none. To be run in DEV, with `environment()`."""
    # Relative, because Odoo splits the option at commas and the checkout may be called anything.
    addons = ADDONS.relative_to(DEV)
    return [
        *map(str, (VENV_PYTHON, odoo_program(), subcommand, "-c", os.devnull, "-D", DATA)),
        *(f"--addons-path={addons}", "--no-database-list", "--http-interface=127.0.0.1"),
        *(["-d", database] if database else []),
        *options,
    ]


def environment() -> dict[str, str]:
    """What Odoo needs beyond this process's environment.

    Compiling its modules is half of its start: the bytecode is kept, whatever the environment says.
    """
    return {
        "PYTHONPATH": str(odoo_source()),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": str(DEV / "pycache"),
        "ODOO_RC": os.devnull,
    }


def free_port() -> int:
    """A port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback."""
    with socket.socket() as probe, contextlib.suppress(OSError):
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
        return True
    return False


class OdooServer:
    """A running Odoo on one database: `with OdooServer(db) as server: requests.get(server.url)`.

    :param database: with the addon installed
    :param workers: HTTP worker processes; 0 is one threaded process
    :param port: 0 takes a free one
    :param cron_threads: cron workers; off by default, so that tests decide when crons run
    :param options: further Odoo options
    :param clock: what time it is for the server, real time if None
    :param log: whether to `.dev/logs/server-<database>.log`, else to this process's own output
    """

    def __init__(
        self, database, workers=2, port=0, *, cron_threads=0, options=(), clock=None, log=True
    ):
        self.database = database
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = LOGS / f"server-{database}.log" if log else None
        ports = (f"--http-port={self.port}", f"--gevent-port={free_port()}")
        crew = (f"--workers={workers}", f"--max-cron-threads={cron_threads}")
        self._command = command("server", database, *ports, *crew)
        self._environment = environment()
        self.options = tuple(options)  # those of the next start
        self.process = None
        if clock:
            self._command[1] = str(RUNNERS / "run_moved.py")
            self._environment[VARIABLE] = str(clock.path)

    def __enter__(self):
        self.start()
        try:
            self.wait_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_exc):
        self.stop()

    def start(self) -> None:
        """Start the processes; they end with the thread that calls this, however it ends."""
        if not is_free(self.port):
            raise DevError(f"port {self.port} is in use: choose another one")
        with self.log.open("ab") if self.log else contextlib.nullcontext() as out:
            line = [*self._command, *self.options]
            variables = self._environment
            self.process = spawn(line, stdout=out, stdin=subprocess.DEVNULL, env=variables, cwd=DEV)
        atexit.register(self.stop)

    def wait_ready(self, seconds: float = 120) -> None:
        """Wait until the health route answers 200."""
        deadline = time.monotonic() + seconds
        see = f"see {self.log}" if self.log else "its log is above"
        while not self.answers():
            if self.process.poll() is not None:
                status = self.process.returncode
                raise DevError(f"Odoo ended with status {status} while starting; {see}")
            if time.monotonic() > deadline:
                raise DevError(f"{self.url} did not answer in {seconds:.0f} s; {see}")
            time.sleep(0.1)

    def answers(self) -> bool:
        """Whether the health route answers 200 now."""
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(self.url + HEALTH, timeout=10) as response,
        ):
            return response.status == 200
        return False

    @property
    def pids(self) -> list[int]:
        """The master and its workers."""
        with contextlib.suppress(psutil.NoSuchProcess):
            master = psutil.Process(self.process.pid)
            return [master.pid, *(child.pid for child in master.children(recursive=True))]
        return []

    @property
    def worker_pids(self) -> list[int]:
        """The HTTP worker processes, which can be killed to prove that nothing is lost.

        Cron workers have the same command line, but close the socket that they inherit.
        """
        children = psutil.Process(self.process.pid).children()
        return [child.pid for child in children if self._listens(child)]

    def _listens(self, process: psutil.Process) -> bool:
        with contextlib.suppress(psutil.NoSuchProcess):
            return any(
                connection.status == psutil.CONN_LISTEN and connection.laddr.port == self.port
                for connection in process.net_connections("tcp")
            )
        return False

    def stop(self) -> None:
        """End the master, its workers and whatever they started. Safe to call twice."""
        if self.process is not None:
            end_group(self.process)
            self.process = None
            atexit.unregister(self.stop)

"""Starting Odoo: installing modules, serving, the shell. It listens on the loopback alone."""

import atexit
import contextlib
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil

from devtools.clock import VARIABLE
from devtools.console import DevError, end_group, run, spawn
from devtools.paths import ADDONS, DATA, DEV, LOGS, RUNNERS, VENV_PYTHON, odoo_program, odoo_source

HEALTH = "/fusion/api/v1/health"
QUIET = ("--no-http", "--max-cron-threads=0", "--log-level=warn")


def command(subcommand: str, database: str | None, *options: str) -> list[str]:
    """An Odoo command line for one database, or none. To be run in DEV, with `environment()`."""
    # Relative, because Odoo splits the option at commas and the checkout may be called anything.
    addons = ADDONS.relative_to(DEV)
    return [
        str(VENV_PYTHON),
        str(odoo_program()),
        subcommand,
        "-c",
        os.devnull,
        "-D",
        str(DATA),
        f"--addons-path={addons}",
        *(["-d", database] if database else []),
        "--no-database-list",
        "--http-interface=127.0.0.1",
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


def run_install(database: str, modules: tuple, demo: bool = False, update: bool = False) -> Path:
    """Let Odoo install (or update) modules; whether it did is for the caller to ask the database.

    :return: the log file
    """
    log = f"install-{database}"
    options = [
        "-u" if update else "-i",
        ",".join(modules),
        "--stop-after-init",
        "--no-http",
        "--max-cron-threads=0",
    ]
    run(
        command("server", database, *options, *["--with-demo"] * demo),
        log=log,
        env=environment(),
        cwd=DEV,
    )
    return LOGS / f"{log}.log"


def free_port() -> int:
    """A port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return True
    return False


class OdooServer:
    """A running Odoo on one database: `with OdooServer(db) as server: requests.get(server.url)`.

    :param database: must have the addon installed when `ready_path` is the default
    :param workers: HTTP worker processes; 0 is one threaded process
    :param port: 0 takes a free one
    :param cron_threads: cron workers; off by default, so that tests decide when crons run
    :param options: further Odoo options
    :param clock: what time it is for the server, real time if None
    :param log: log file; "" is `.dev/logs/server-<database>.log`, None this process's own output
    """

    def __init__(
        self,
        database,
        workers=2,
        port=0,
        *,
        cron_threads=0,
        options=(),
        clock=None,
        log="",
        ready_path=HEALTH,
    ):
        self.database = database
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = None if log is None else Path(log or LOGS / f"server-{database}.log")
        self.ready_path = ready_path
        self.process = None
        self.options = tuple(options)  # those of the next start
        self._command = command(
            "server",
            database,
            f"--http-port={self.port}",
            f"--gevent-port={free_port()}",
            f"--workers={workers}",
            f"--max-cron-threads={cron_threads}",
        )
        self._environment = environment()
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
        with contextlib.ExitStack() as stack:
            out = self.log and stack.enter_context(self.log.open("ab"))
            self.process = spawn(
                [*self._command, *self.options],
                stdout=out,
                stdin=subprocess.DEVNULL,
                env=self._environment,
                cwd=DEV,
            )
        atexit.register(self.stop)

    def wait_ready(self, seconds: float = 120) -> None:
        """Wait until the health route answers 200."""
        deadline = time.monotonic() + seconds
        while not self.answers():
            if self.process.poll() is not None:
                status = self.process.returncode
                raise DevError(f"Odoo ended with status {status} while starting; {self._see}")
            if time.monotonic() > deadline:
                url = self.url + self.ready_path
                raise DevError(f"Odoo did not answer on {url} in {seconds:.0f} s; {self._see}")
            time.sleep(0.1)

    def answers(self) -> bool:
        """Whether the health route answers 200 now."""
        with (
            contextlib.suppress(urllib.error.URLError, OSError),
            urllib.request.urlopen(self.url + self.ready_path, timeout=10) as response,
        ):
            return response.status == 200
        return False

    @property
    def _see(self) -> str:
        return f"see {self.log}" if self.log else "its log is above"

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

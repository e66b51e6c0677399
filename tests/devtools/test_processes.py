"""No command leaves a process behind, and several at once do not disturb each other."""

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path
from unittest import mock

import psutil

from devtools import console, databases, locks, odoo, postgres
from devtools.paths import DEV, ROOT


def start(*arguments, **options) -> subprocess.Popen:
    """Start a `./dev` command as a person would."""
    return subprocess.Popen(
        [sys.executable, ROOT / "dev", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **options,
    )


class TestConsole(unittest.TestCase):
    def test_a_process_group_ends_whole_even_if_a_child_ignores_the_request(self):
        stubborn = "trap '' TERM; sleep 60 & echo $!; wait; wait"
        process = subprocess.Popen(
            ["bash", "-c", stubborn], start_new_session=True, stdout=subprocess.PIPE
        )
        child = int(process.stdout.readline())
        console.end_group(process, patience=0.3)
        process.stdout.close()
        self.assertFalse(psutil.pid_exists(child) and psutil.Process(child).status() != "zombie")
        self.assertEqual(process.returncode, -signal.SIGKILL)

    def test_a_failing_program_is_told_with_the_end_of_its_output(self):
        with self.assertRaisesRegex(console.DevError, "status 3(.|\n)*the reason"):
            console.run(["bash", "-c", "echo the reason; exit 3"], log="failing-program")


class TestPorts(unittest.TestCase):
    def test_a_port_in_use_is_told_and_not_taken_for_our_server(self):
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = other.getsockname()[1]
            with self.assertRaisesRegex(console.DevError, f"port {port} is in use"):
                odoo.OdooServer("no_database", port=port).start()
        self.assertTrue(odoo.is_free(port))


class TestLocks(unittest.TestCase):
    def test_a_lock_ends_with_the_process_that_held_it(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "lock")
            holder = subprocess.Popen(["flock", path, "sleep", "60"], start_new_session=True)
            with path.open("a") as handle:
                deadline = time.monotonic() + 10
                while locks.attempt(handle, fcntl.LOCK_EX):
                    fcntl.flock(handle, fcntl.LOCK_UN)
                    self.assertLess(time.monotonic(), deadline)
                    time.sleep(0.01)
                console.end_group(holder)
                self.assertTrue(locks.attempt(handle, fcntl.LOCK_EX))


class TestClusterHome(unittest.TestCase):
    def home(self, folder: str) -> Path:
        home = postgres.make_home(Path(folder))
        self.addCleanup(shutil.rmtree, home, ignore_errors=True)
        self.assertEqual(home.stat().st_mode & 0o777, 0o700)
        return home

    def test_the_cluster_lives_in_the_checkout(self):
        with tempfile.TemporaryDirectory() as folder:
            Path(folder).chmod(0o711)
            self.assertEqual(self.home(folder).parent, Path(folder))

    def test_a_path_too_long_for_a_socket_moves_it(self):
        with tempfile.TemporaryDirectory() as folder:
            deep = Path(folder, "x" * 100)
            deep.mkdir()
            self.assertEqual(self.home(str(deep)).parent, Path("/var/tmp"))

    def test_it_stays_where_it_is_and_a_copied_checkout_has_one_of_its_own(self):
        for name, inside in (("a", True), ("a" * 100, False)):
            with self.subTest(inside=inside), tempfile.TemporaryDirectory() as folder:
                Path(folder).chmod(0o711)
                first, copy = Path(folder, name), Path(folder, "b", name)
                first.mkdir()
                copy.parent.mkdir()
                home = self.ensured(first, "111111")
                self.assertEqual(home.parent == first, inside)
                self.assertEqual(self.ensured(first, "111111"), home)
                shutil.copytree(first, copy, symlinks=True)
                with self.at(copy, "222222"):
                    postgres.remove()
                    self.assertTrue(home.exists())
                self.assertNotEqual(self.ensured(copy, "222222"), home)

    def ensured(self, folder: Path, checkout: str) -> Path:
        with self.at(folder, checkout):
            home = postgres.ensure_home()
        self.addCleanup(shutil.rmtree, home, ignore_errors=True)
        return home

    def at(self, folder: Path, checkout: str):
        """As if the checkout were there."""
        names = {"DEV": folder, "HOME": folder / "postgres", "USERS": folder / "users"}
        return mock.patch.multiple(postgres, CHECKOUT=checkout, **names)

    @unittest.skipUnless(os.geteuid() == 0, "only root runs the server as another user")
    def test_a_directory_the_servers_user_cannot_enter_moves_it(self):
        with tempfile.TemporaryDirectory() as folder:  # mode 0700
            self.assertEqual(self.home(folder).parent, Path("/var/tmp"))


class TestEnvironment(unittest.TestCase):
    def test_odoo_keeps_its_bytecode_in_dev_alone_whatever_the_environment_says(self):
        ask = "import sys; print(sys.dont_write_bytecode, sys.pycache_prefix)"
        told = subprocess.run(
            [sys.executable, "-c", ask],
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **odoo.environment()},
            capture_output=True,
            text=True,
            check=True,
        )
        self.assertEqual(told.stdout.split(), ["False", str(DEV / "pycache")])


class TestWorkers(unittest.TestCase):
    def test_the_http_workers_are_told_from_all_other_processes(self):
        """Without them nobody answers, and there are no more than were asked for."""
        with (
            databases.temporary_database("workers") as name,
            odoo.OdooServer(name, workers=2, cron_threads=1) as server,
        ):
            deadline = time.monotonic() + 60
            while len(server.pids) < 5 or len(server.worker_pids) > 2:  # the cron worker begins
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.05)
            workers = [psutil.Process(pid) for pid in server.worker_pids]
            self.assertEqual(len(workers), 2)
            for worker in workers:
                worker.suspend()
            with self.assertRaises(OSError):
                urllib.request.urlopen(server.url + odoo.HEALTH, timeout=2)
            for worker in workers:
                worker.resume()
            self.assertTrue(server.answers())


class TestCommands(unittest.TestCase):
    def test_a_terminated_server_leaves_no_process(self):
        with databases.temporary_database("serve") as name:
            port = odoo.free_port()
            command = start("serve", "--db", name, "--port", str(port), "--workers", "1")
            self.addCleanup(command.kill)
            self.wait_for(f"http://127.0.0.1:{port}/fusion/api/v1/health", command)
            family = psutil.Process(command.pid).children(recursive=True)
            self.assertGreaterEqual(len(family), 3)  # master, worker, cron or gevent
            command.terminate()
            self.assertEqual(command.wait(30), 0)
            _gone, alive = psutil.wait_procs(family, timeout=5)
            self.assertEqual(alive, [])

    def test_an_interrupted_test_run_leaves_no_process_and_no_database(self):
        command = start("test", "/fusion_billing:NoSuchTest", start_new_session=True)
        self.addCleanup(command.kill)
        family = self.wait_for_database(command)
        command.send_signal(signal.SIGINT)
        self.assertEqual(command.wait(60), 130)
        self.assert_gone(family, seconds=5)

    def test_all_parts_end_without_a_trace_however_the_whole_run_ends(self):
        for sign, status in ((signal.SIGTERM, 130), (signal.SIGKILL, -signal.SIGKILL)):
            with self.subTest(sign=sign):
                command = start("test", "-k", "no_such_test", start_new_session=True)
                self.addCleanup(command.kill)
                family = self.wait_for_database(command)
                command.send_signal(sign)
                self.assertEqual(command.wait(60), status)
                self.assert_gone(family, seconds=60)

    def test_the_outcomes_are_counted_in_the_last_line_and_written_to_a_file(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "outcomes.json")
            done = subprocess.run(
                [sys.executable, ROOT / "dev", "test", "core", "-k", "no_such", "--outcomes", path],
                capture_output=True,
                text=True,
                check=False,
            )
            self.assertEqual(json.loads(path.read_text()), {"core: there are tests": "failed"})
        self.assertEqual(done.stdout.splitlines()[-1], "0 passed, 1 failed, 0 skipped")
        self.assertRegex(
            done.stderr, r"core took \d+ s, \d+ s of a processor\nFAILED core: there are tests\n$"
        )
        self.assertEqual(done.returncode, 1)

    def test_an_unknown_database_is_one_sentence_and_a_failure(self):
        for command in (["shell", "--db", "no_such_db"], ["db", "drop", "no_such_db"]):
            done = subprocess.run(
                [sys.executable, ROOT / "dev", *command],
                capture_output=True,
                text=True,
                check=False,
            )
            self.assertEqual(done.returncode, 1)
            self.assertRegex(
                done.stderr.splitlines()[-1], "^./dev: there is no database no_such_db"
            )

    def wait_for_database(self, command: subprocess.Popen) -> list[psutil.Process]:
        """Wait until a command or one of its children has a temporary database; return them all."""
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            leader = psutil.Process(command.pid)
            family = [leader, *leader.children(recursive=True)]
            if self.databases_of(family):
                return family
            time.sleep(0.1)
        return self.fail("the command made no database")

    def assert_gone(self, family: list[psutil.Process], seconds: float) -> None:
        _gone, alive = psutil.wait_procs(family, timeout=seconds)
        self.assertEqual(alive, [])
        self.assertEqual(self.databases_of(family), [])

    def databases_of(self, family: list[psutil.Process]) -> list[str]:
        """The temporary databases that these processes made."""
        pids = {process.pid for process in family}
        made = map(databases.TEMPORARY.match, databases.names(databases.TEMPORARY.pattern))
        return [found.string for found in made if int(found["pid"]) in pids]

    def wait_for(self, url: str, command: subprocess.Popen) -> None:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and command.poll() is None:
            try:
                with urllib.request.urlopen(url, timeout=5) as response:
                    return self.assertEqual(response.status, 200)
            except OSError:
                time.sleep(0.1)
        return self.fail("the server did not get ready")

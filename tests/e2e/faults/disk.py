"""A small disk for the tables that grow, which can be filled."""

import contextlib
import os
import subprocess
from pathlib import Path

from devtools import postgres
from devtools.console import as_user
from devtools.databases import query

TABLES = ("fusion_billing_usage", "fusion_billing_rating")
SIZE = "24m"
BLOCK = b"\0" * 8192


class NotPermitted(Exception):
    """This machine lets nobody mount a disk."""


class Disk:
    """A tablespace on a tmpfs for the block, with usage and ledger on it.

    :param Path folder: the home of a cluster
    :raise NotPermitted: mounting needs rights
    """

    def __init__(self, folder: Path, database: str):
        self._folder, self._database = folder / "disk", database
        self._ballast = self._folder / "ballast"

    def __enter__(self):
        self._folder.mkdir()
        options = f"size={SIZE},mode=0777"
        mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", self._folder]
        mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
        if mounted.returncode:
            raise NotPermitted(mounted.stderr.strip())
        self._use()
        return self

    def __exit__(self, *_exc):
        subprocess.run(["umount", "--lazy", self._folder], check=False)

    def _use(self) -> None:
        place = self._folder / "tables"
        subprocess.run(["mkdir", place], check=True, **as_user(postgres.server_user()))
        query(self._database, f"CREATE TABLESPACE small LOCATION '{place}'")
        for table in TABLES:
            query(self._database, f"ALTER TABLE {table} SET TABLESPACE small")
            for [index] in query(self._database, INDEXES, (table,)):
                query(self._database, f"ALTER INDEX {index} SET TABLESPACE small")

    def fill(self) -> None:
        """Leave no byte."""
        descriptor = os.open(self._ballast, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        with contextlib.suppress(OSError):
            while True:
                os.write(descriptor, BLOCK)
        os.close(descriptor)

    def free(self) -> None:
        self._ballast.unlink(missing_ok=True)


INDEXES = "SELECT indexname FROM pg_indexes WHERE tablename = %s"

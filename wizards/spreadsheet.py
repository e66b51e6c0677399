"""Reads a table that people upload, CSV or XLSX, one line after the other."""

import csv
import io
from contextlib import closing
from decimal import Decimal
from zipfile import ZipFile

from openpyxl import load_workbook

XLSX = b"PK"
DELIMITERS = ",;\t"
# A small archive may hold very much, or say that it does: what is read of one is bounded.
UNPACKED = 100 * 2**20
ROWS = 2**20  # as many as a spreadsheet has
COLUMNS = 50


class UnreadableFile(Exception):
    """It is neither CSV in UTF-8 nor XLSX."""


class TooLarge(Exception):
    """It holds more than anybody would read."""


def read_table(content):
    """Yield the number of each line and its cells by the names in the first line, in lower case.

    A cell is a text or a Decimal, None if it is empty; lines without any are left out.

    :param bytes content: of the file
    :raise UnreadableFile: it is something else
    :raise TooLarge: it holds too much
    """
    lines = _read_xlsx(content) if content.startswith(XLSX) else _read_csv(content)
    names = []
    for number, values in enumerate(lines, 1):
        if number > ROWS:
            raise TooLarge
        cells = list(map(_read_cell, values))
        if not any(names):
            names = [str(cell or "").strip().lower() for cell in cells]
        elif any(cell is not None for cell in cells):
            yield number, dict(zip(names, cells, strict=False))


def _read_cell(value):
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, float):
        return Decimal(f"{value:.15g}")  # the digits that a spreadsheet has, and shows
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    return None if value is None else str(value)


def _read_csv(content):
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableFile from None
    if "\0" in text:  # as text in UTF-16 has, and no database holds
        raise UnreadableFile
    first = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    except csv.Error:
        raise UnreadableFile from None


def _read_xlsx(content):
    try:
        with ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(part.file_size for part in archive.infolist())
        if unpacked <= UNPACKED:
            book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
            with closing(book):
                yield from book.worksheets[0].iter_rows(max_col=COLUMNS, values_only=True)
    except Exception:  # of a damaged file they raise anything, in the middle of it, too
        raise UnreadableFile from None
    if unpacked > UNPACKED:
        raise TooLarge

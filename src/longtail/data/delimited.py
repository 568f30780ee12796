"""Text files of separated columns: find out how one is written, then read the columns we use.

A well-formed file is parsed once, straight into integers and floats. Where that fails (text among numbers, an empty
field, a row of another length, a separator of several characters) the file is read again as text, row by row as it
stands, so that whatever is wrong can be named.
"""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import polars as pl

from longtail.data import columns
from longtail.errors import ConfigError, DataError

__all__ = ["Layout", "read", "require_file", "sniff"]

SEPARATORS = ("::", "\t", ";", "|", ",")
SAMPLE_BYTES = 1 << 16
_WHOLE = re.compile(r"-?(0|[1-9]\d{0,17})")
_UNUSED = "\x1f"  # "unit separator": stands in no text file, so a line read with it is one field
_FOREIGN = {
    b"PAR1": "a Parquet file; let its name end in .parquet, or read it with from_parquet",
    b"PK\x03\x04": "a zip archive; unpack it first",
    b"\xff\xfe": "UTF-16 text; save it as UTF-8",
    b"\xfe\xff": "UTF-16 text; save it as UTF-8",
}


@dataclass(frozen=True)
class Layout:
    """How a file is written.

    Attributes:
        path: the file.
        separator: what stands between fields.
        header: whether the first line names the columns.
        names: the columns, in order.
        sample: the first rows of data, as text.
    """

    path: Path
    separator: str
    header: bool
    names: list[str]
    sample: list[list[str]]


def require_file(path: str | Path) -> Path:
    """The path, if a file stands there.

    Raises:
        DataError: if there is none, or it is a directory, cannot be opened or is empty.
    """
    file = Path(path)
    if file.is_dir():
        raise DataError(f"{path} is a directory; name a file in it")
    try:
        with file.open("rb") as stream:
            if not stream.read(1):
                raise DataError(f"{path} is empty")
    except FileNotFoundError:
        raise DataError(f"no file {path}") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror})") from None
    return file


def sniff(path: str | Path, *, separator: str | None = None, header: bool | None = None) -> Layout:
    """Find out the separator (when not given) and whether there is a header (when not given) from the first lines.

    The separator is the one that cuts the most lines into as many fields as the first, and then into the most fields.
    A first line that is all numbers is data; its columns are then user, item, rating, timestamp, column_5 and so on.

    Raises:
        DataError: no such file, an empty or binary one, a header without rows, or no separator to be found.
        ConfigError: if the separator given is empty.
    """
    if separator == "":
        raise ConfigError("separator must not be empty; leave it out to have it found")
    file = require_file(path)
    lines = _first_lines(file)
    used = separator or _likeliest(lines)
    rows = [[field.strip() for field in row] for row in _fields(lines, used)]
    if len(rows[0]) < 2:
        raise DataError(f"{path} has one column only, {rows[0][0][:40]!r}; name the right separator=")
    named = header if header is not None else not all(_is_number(field) for field in rows[0])
    if named and len(rows) == 1:
        raise DataError(f"{path} has a header but no rows")
    usual = [columns.USER, columns.ITEM, columns.RATING, columns.TIME]
    names = rows[0] if named else [*usual, *(f"column_{i + 1}" for i in range(4, len(rows[0])))][: len(rows[0])]
    return Layout(file, used, named, names, rows[named:])


def read(layout: Layout, chosen: Mapping[str, str], *, drop_bad_rows: bool) -> tuple[pl.DataFrame, int]:
    """The columns `chosen` (ours -> theirs) under our names, and the number of rows in the file.

    Values that cannot be what they should be are left for `readers.tidy` to judge; rows of another length are not.

    Raises:
        DataError: if a row has too many or too few fields and `drop_bad_rows` is not set, or it is not UTF-8 text.
    """
    positions = {column: layout.names.index(source) for column, source in chosen.items()}
    table = _typed(layout, positions)
    if table is None:
        return _as_text(layout, positions, drop_bad_rows=drop_bad_rows)
    return table, len(table)


def _typed(layout: Layout, positions: Mapping[str, int]) -> pl.DataFrame | None:
    """The columns parsed in one go; None unless every field used is there and can be parsed.

    A doubled separator such as `::` is read as a single one with an empty column between any two.
    """
    mark, step = layout.separator[0], len(layout.separator)
    if layout.separator not in (mark, 2 * mark) or not mark.isascii():
        return None
    width = step * (len(layout.names) - 1) + 1
    schema: dict[str, pl.DataType] = {f"column_{i + 1}": pl.String() for i in range(width)}
    sources = {column: f"column_{step * i + 1}" for column, i in positions.items()}
    for column, source in sources.items():
        sample = [row[positions[column]] for row in layout.sample if len(row) == len(layout.names)]
        schema[source] = _type_of(column, sample)
    try:
        table = pl.read_csv(
            layout.path,
            separator=mark,
            quote_char='"' if step == 1 else None,
            has_header=False,
            skip_rows=int(layout.header),
            schema=schema,
            columns=sorted(set(sources.values()), key=list(schema).index) if step == 1 else None,
        )
    except pl.exceptions.PolarsError:
        return None
    table = table.select(pl.col(source).alias(column) for column, source in sources.items())
    return None if any(column.null_count() for column in table) else table


def _type_of(column: str, sample: Sequence[str]) -> pl.DataType:
    if column == columns.RATING:
        return pl.Float32()
    whole = all(_WHOLE.fullmatch(field) for field in sample if field)
    if column == columns.TIME and not whole and all(_is_number(field) for field in sample if field):
        return pl.Float64()
    return pl.Int64() if whole else pl.String()


def _as_text(layout: Layout, positions: Mapping[str, int], *, drop_bad_rows: bool) -> tuple[pl.DataFrame, int]:
    """The columns as text (ids that are all whole numbers as integers), rows of another length dropped or refused."""
    lines = _lines(layout)
    width = len(layout.names)
    quoted = len(layout.separator) == 1 and bool(lines.str.contains('"', literal=True).any())
    fields = _cut_by_csv(lines, layout) if quoted else _cut(lines, layout.separator, width)
    rows = len(fields)
    wrong = fields["width"] != width
    if wrong.any() and not drop_bad_rows:
        row = int(wrong.arg_max() or 0)
        raise DataError(
            f"{layout.path} row {row + 1:,} has {fields['width'][row]} fields, not {width}; {int(wrong.sum()):,} such "
            "rows in all: mend them or pass bad_rows='drop'"
        )
    table = fields.filter(~wrong).select(
        pl.col(f"field_{i}").str.strip_chars().replace("", None).alias(column) for column, i in positions.items()
    )
    ids = [column for column in table.columns if column not in (columns.RATING, columns.TIME)]
    whole = [column for column in ids if table[column].str.contains(rf"^{_WHOLE.pattern}$").all()]
    return table.with_columns(pl.col(column).cast(pl.Int64) for column in whole), rows


def _lines(layout: Layout) -> pl.Series:
    try:
        lines = pl.read_csv(
            layout.path, separator=_UNUSED, has_header=False, quote_char=None, schema={"column_1": pl.String()}
        )["column_1"]
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{layout.path} is not plain UTF-8 text ({str(error).partition(chr(10))[0]})") from None
    lines = lines.fill_null("").str.strip_suffix("\r")
    return lines.filter(lines.str.strip_chars() != "").slice(int(layout.header))


def _cut(lines: pl.Series, separator: str, width: int) -> pl.DataFrame:
    """Each line's number of fields (`width`) and its first fields (`field_0`, ...)."""
    cut = lines.str.split_exact(separator, width - 1).struct.rename_fields([f"field_{i}" for i in range(width)])
    counts = lines.str.count_matches(separator, literal=True).cast(pl.Int64) + 1
    return cut.struct.unnest().with_columns(counts.alias("width"))


def _cut_by_csv(lines: pl.Series, layout: Layout) -> pl.DataFrame:
    """As `_cut`, honouring quotes; a quoted field may run over several lines."""
    width = len(layout.names)
    schema = {f"field_{i}": pl.String() for i in range(width)} | {"width": pl.Int64()}
    records = csv.reader((f"{line}\n" for line in lines), delimiter=layout.separator)
    parts = [pl.DataFrame(schema=schema)]
    try:
        while chunk := list(islice(records, 100_000)):
            padded = [(*row[:width], *[None] * (width - len(row)), len(row)) for row in chunk]
            parts.append(pl.DataFrame(padded, schema=schema, orient="row"))
    except csv.Error as error:
        raise DataError(f"{layout.path} row {sum(map(len, parts)) + 1:,} or later: {error}; is a quote open?") from None
    return pl.concat(parts)


def _first_lines(path: Path) -> list[str]:
    with path.open("rb") as plain:
        start = plain.read(4)
    for magic, what in _FOREIGN.items():
        if start.startswith(magic):
            raise DataError(f"{path} is {what}")
    try:
        with gzip.open(path) if start.startswith(b"\x1f\x8b") else path.open("rb") as stream:
            sample = stream.read(SAMPLE_BYTES)
    except (OSError, EOFError) as error:
        raise DataError(f"{path} cannot be read ({error})") from None
    if b"\0" in sample:
        raise DataError(f"{path} is a binary file, not text")
    whole_lines = sample if len(sample) < SAMPLE_BYTES else sample[: sample.rfind(b"\n") + 1]
    try:
        text = whole_lines.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text (byte {error.start:,}); save it as UTF-8") from None
    lines = [line.rstrip("\r") for line in text.split("\n") if line.strip()]
    if not lines:
        raise DataError(f"{path} is empty" if len(sample) < SAMPLE_BYTES else f"{path} has no line ends")
    return lines


def _likeliest(lines: list[str]) -> str:
    def merit(separator: str) -> tuple[float, int]:
        widths = [len(row) for row in _fields(lines, separator)]
        return (sum(width == widths[0] for width in widths) / len(widths) if widths[0] > 1 else 0.0, widths[0])

    return max(SEPARATORS, key=merit)


def _fields(lines: Iterable[str], separator: str) -> Iterator[list[str]]:
    if len(separator) > 1:
        return (line.split(separator) for line in lines)
    return csv.reader(lines, delimiter=separator)


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True

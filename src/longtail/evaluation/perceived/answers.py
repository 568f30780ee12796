"""`Answers`: what raters said, read from sheets that were filled in, and checked."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import polars as pl

from longtail.errors import DataError
from longtail.evaluation.export import write_text
from longtail.evaluation.perceived.cells import no_formula
from longtail.evaluation.perceived.questions import RESERVED, Question
from longtail.types import RealArray

__all__ = ["Answers", "Form"]

_SCHEMA = {"rater": pl.String, "row": pl.String, "question": pl.String, "value": pl.Int64}


class Form(Protocol):
    """What answers are checked against: a `Sheet` or its `Key`."""

    @property
    def sheet(self) -> str:
        """The name of the sheet."""
        ...

    @property
    def codes(self) -> Iterable[str]:
        """The codes of its rows."""
        ...

    @property
    def questions(self) -> tuple[Question, ...]:
        """What is asked."""
        ...


@dataclass(frozen=True, eq=False, repr=False)
class Answers:
    """Answers of raters to the questions of a sheet; what was not answered is not there.

    Attributes:
        sheet: which sheet was answered.
        questions: of the sheet.
        table: a frame of `rater`, `row` (its code), `question` and `value` (1, 2, ...).
        comments: a frame of `rater`, `row` and `comment`.
    """

    sheet: str
    questions: tuple[Question, ...]
    table: pl.DataFrame
    comments: pl.DataFrame

    @classmethod
    def of(cls, form: Form, given: Iterable[tuple[str, str, dict[str, Any], str]]) -> Answers:
        """From (rater, row code, {question: answer}, comment), each rater and row once; an answer may be None.

        Raises:
            DataError: for an unknown row or question, an answer off the scale, a row answered twice by a rater.
        """
        return _Checker(form).read((str(number), *one) for number, one in enumerate(given, start=1))

    @classmethod
    def from_csv(cls, paths: str | Path | Sequence[str | Path], form: Form) -> Answers:
        """Read filled-in sheets, one or several; commas, semicolons or tabs, as spreadsheets write them.

        A file whose column `rater` is empty counts as the answers of one rater, named after the file.

        Args:
            paths: the files.
            form: the sheet, or its key.

        Raises:
            DataError: for a file that cannot be read or belongs to another sheet, and as `of`; it says where.
        """
        listed = [paths] if isinstance(paths, (str, Path)) else list(paths)
        return _Checker(form).read(line for path in listed for line in _lines(Path(path), form))

    def to_csv(self, path: str | Path | None = None) -> str:
        """One line a rater and row, a column a question; also written to `path` where one is given."""
        out = io.StringIO()
        writer = csv.writer(out)
        names = [question.name for question in self.questions]
        writer.writerow(["sheet", "rater", "row", *names, "comment"])
        said = {(rater, row): text for rater, row, text in self.comments.rows()}
        values: dict[tuple[str, str], dict[str, int]] = {pair: {} for pair in said}
        for rater, row, question, value in self.table.rows():
            values.setdefault((rater, row), {})[question] = value
        for pair in sorted(values):
            given = [values[pair].get(name, "") for name in names]
            writer.writerow([self.sheet, *map(no_formula, pair), *given, no_formula(said.get(pair, ""))])
        if path is not None:
            write_text(path, "\ufeff" + out.getvalue())
        return out.getvalue()

    def __len__(self) -> int:
        return len(self.table)

    def __repr__(self) -> str:
        return f"Answers({len(self)} of {len(self.raters)} raters to sheet {self.sheet})"

    @property
    def raters(self) -> list[str]:
        """Everyone who answered something, sorted."""
        return sorted(set(self.table["rater"].to_list()))

    def matrix(self, question: str) -> tuple[RealArray, list[str], list[str]]:
        """(n_raters, n_rows) answers to one question, NaN where there is none; the raters; the codes of the rows.

        Raises:
            DataError: for a question that the sheet does not ask.
        """
        names = [one.name for one in self.questions]
        if question not in names:
            raise DataError(f"the sheet does not ask {question!r}; it asks {', '.join(names)}")
        mine = self.table.filter(pl.col("question") == question)
        raters, rows = self.raters, sorted(set(mine["row"].to_list()))
        table = np.full((len(raters), len(rows)), np.nan)
        at = {rater: k for k, rater in enumerate(raters)}, {row: k for k, row in enumerate(rows)}
        for rater, row, value in mine.select("rater", "row", "value").rows():
            table[at[0][rater], at[1][row]] = value
        return table, raters, rows


class _Checker:
    """Reads answers line by line and refuses, in words, what cannot be."""

    def __init__(self, form: Form) -> None:
        self.form, self.codes = form, set(form.codes)
        self.questions = {question.name: question for question in form.questions}
        self.seen: dict[tuple[str, str], str] = {}

    def read(self, lines: Iterable[tuple[str, str, str, dict[str, Any], str]]) -> Answers:
        values, comments = [], []
        for place, rater, row, given, comment in lines:
            self._new(place, rater, row)
            for name, answer in given.items():
                value = self._value(place, name, answer)
                if value is not None:
                    values.append((rater, row, name, value))
            if comment:
                comments.append((rater, row, comment))
        return Answers(
            self.form.sheet,
            self.form.questions,
            pl.DataFrame(values, schema=_SCHEMA, orient="row").sort("rater", "row", maintain_order=True),
            pl.DataFrame(comments, schema={"rater": pl.String, "row": pl.String, "comment": pl.String}, orient="row"),
        )

    def _new(self, place: str, rater: str, row: str) -> None:
        if not rater:
            raise DataError(f"{place}: no rater; write a name into the column 'rater'")
        if row not in self.codes:
            raise DataError(f"{place}: sheet {self.form.sheet} has no row {row!r}; codes look like {min(self.codes)}")
        if (rater, row) in self.seen:
            first = self.seen[rater, row]
            raise DataError(f"{place}: {rater} has answered row {row} before ({first}); keep one of the two")
        self.seen[rater, row] = place

    def _value(self, place: str, name: str, answer: Any) -> int | None:
        if name not in self.questions:
            raise DataError(f"{place}: no question {name!r}; the sheet asks {', '.join(self.questions)}")
        text, points = str(answer).strip() if answer is not None else "", self.questions[name].points
        if not text:
            return None
        try:
            value = float(text.replace(",", "."))
        except ValueError:
            value = np.nan
        if value not in range(1, points + 1):
            raise DataError(f"{place}, {name}: {text!r} is no answer; write a whole number from 1 to {points}")
        return int(value)


def _lines(path: Path, form: Form) -> Iterable[tuple[str, str, str, dict[str, Any], str]]:
    """(where, rater, row, {question: text}, comment) of each line with a row code."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError:
        raise DataError(f"{path} is not UTF-8 text; save it as 'CSV UTF-8'") from None
    head = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count))
    names = [name.partition(":")[0].strip().lower() for name in next(reader, [])]
    if "row" not in names:
        raise DataError(f"{path} has no column 'row'; it is not a sheet that was filled in")
    unknown = sorted(set(names) - set(RESERVED) - {question.name for question in form.questions} - {""})
    if unknown:
        raise DataError(f"{path}: column {unknown[0]!r} is no question of sheet {form.sheet}")
    table = [(reader.line_num, dict(zip(names, cells, strict=False))) for cells in reader if any(map(str.strip, cells))]
    anonymous = not any(cells.get("rater", "").strip() for _, cells in table)
    for number, cells in table:
        where, made_for = f"{path} line {number}", cells.get("sheet", "").strip()
        if made_for and made_for != form.sheet:
            raise DataError(f"{where}: it belongs to sheet {made_for}, and the key to sheet {form.sheet}")
        rater = path.stem if anonymous else cells.get("rater", "").strip()
        given = {question.name: cells.get(question.name) for question in form.questions}
        yield where, rater, cells["row"].strip(), given, cells.get("comment", "").strip()

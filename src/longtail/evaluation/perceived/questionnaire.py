"""`Questionnaire`: a sheet answered one recommendation at a time, kept in a file. A server puts its pages around it."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from longtail.errors import ConfigError, DataError
from longtail.evaluation.perceived.answers import Answers
from longtail.evaluation.perceived.questions import Question
from longtail.evaluation.perceived.sheet import Person, Row, Sheet
from longtail.rng import generator

__all__ = ["Questionnaire", "Turn"]


@dataclass(frozen=True)
class Turn:
    """What to put before a rater next.

    Attributes:
        row: the recommendation.
        person: to whom it was made.
        questions: about it.
        done: rows the rater has answered.
        total: rows of the sheet.
    """

    row: Row
    person: Person
    questions: tuple[Question, ...]
    done: int
    total: int


class Questionnaire:
    """A sheet, and the file its answers go to.

    Each rater meets the people, and the rows of each, in an order of their own, the same whenever they come back. Every
    answer is one line, appended and synced before `take` returns; a line that a crash cut short is dropped when the
    file is opened again. Answering a row anew is a correction: the last answer counts, the file keeps both. It may be
    used by several threads, and by one process at a time.

    Args:
        sheet: what is asked.
        path: the file (JSON lines); made when the first answer comes, continued where it exists.

    Raises:
        DataError: if the file is not one of answers.
        ConfigError: if it belongs to another sheet.

    Examples:
        >>> import tempfile
        >>> import longtail as lt
        >>> from longtail.evaluation.perceived.sheet import make_sheet
        >>> data = lt.datasets.synthetic(users=40, items=30, ratings=600)
        >>> sheet, _ = make_sheet({"popular": lt.make("popular").fit(data).recommend([1, 2], 3)}, data, n=3)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     asking = Questionnaire(sheet, folder + "/answers.jsonl")
        ...     turn = asking.next("ann")
        ...     asking.take("ann", turn.row.code, {"relevance": 4, "novelty": None})
        ...     again = Questionnaire(sheet, folder + "/answers.jsonl")
        ...     again.progress("ann"), len(again.answers())
        ((1, 6), 1)
    """

    def __init__(self, sheet: Sheet, path: str | Path) -> None:
        self.sheet, self.path = sheet, Path(path)
        self._lock = threading.Lock()
        self._given: dict[tuple[str, str], tuple[dict[str, Any], str]] = {}
        self._resume()

    def next(self, rater: str) -> Turn | None:
        """The next row this rater has not answered; None when they are through."""
        done, total = self.progress(rater)
        for row in self._order(rater):
            if (rater, row.code) not in self._given:
                return Turn(row, self.sheet.people[row.person], self.sheet.questions, done, total)
        return None

    def progress(self, rater: str) -> tuple[int, int]:
        """(rows answered, rows of the sheet)."""
        return sum(who == rater for who, _ in list(self._given)), len(self.sheet.rows)

    def take(self, rater: str, row: str, values: Mapping[str, int | None], comment: str = "") -> None:
        """Take in the answers to one row; None, or leaving a question out, is "I cannot say".

        Raises:
            DataError: for a nameless rater, an unknown row or question, or an answer off the scale; nothing is kept.
            OSError: if the line cannot be written; nothing is kept.
        """
        if not isinstance(rater, str) or not rater.strip():
            raise DataError("a rater needs a name")
        Answers.of(self.sheet, [(rater, row, dict(values), comment)])
        line = {"rater": rater, "row": row, "values": dict(values), "comment": comment, "at": int(time.time())}
        with self._lock:
            new = not self.path.exists() or not self.path.stat().st_size
            self._append(self._header * new + _encoded(line))
            self._given[rater, row] = dict(values), comment

    def answers(self) -> Answers:
        """Everything answered so far, the last answer of a rater to a row counting."""
        with self._lock:
            given = dict(self._given)
        return Answers.of(self.sheet, [(*pair, values, comment) for pair, (values, comment) in given.items()])

    def _order(self, rater: str) -> list[Row]:
        rng = generator(0, "questionnaire", self.sheet.sheet, rater)
        people = rng.permutation(len(self.sheet.people))
        place = rng.random(len(self.sheet.rows))
        order = np.lexsort((place, np.argsort(people)[[row.person for row in self.sheet.rows]]))
        return [self.sheet.rows[k] for k in order]

    @property
    def _header(self) -> bytes:
        return _encoded({"sheet": self.sheet.sheet})

    def _append(self, text: bytes) -> None:
        """Write whole lines and sync them; what a failed write left behind is cut off again."""
        with self.path.open("ab", buffering=0) as file:
            before = file.seek(0, os.SEEK_END)
            try:
                written = file.write(text)
                if written != len(text):
                    raise OSError(f"{self.path}: the disk took {written} of {len(text)} bytes")
                os.fsync(file.fileno())
            except BaseException:
                file.truncate(before)
                raise

    def _resume(self) -> None:
        if not self.path.exists():
            return
        text = self.path.read_bytes()
        whole = text[: text.rfind(b"\n") + 1]
        try:
            lines = [json.loads(line) for line in whole.decode().split("\n")[:-1]]  # a remark may hold U+2028
            if not lines and not self._header.startswith(text):
                raise ValueError("neither answers nor the beginning of a first line")
            header, *rest = lines or [{"sheet": self.sheet.sheet}]
            made_for = header["sheet"]
            found = [(line["rater"], line["row"], dict(line["values"]), line["comment"]) for line in rest]
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{self.path} is not a file of answers; name another") from error
        if made_for != self.sheet.sheet:
            raise ConfigError(
                f"{self.path} holds answers to sheet {made_for}, not {self.sheet.sheet}; name another file"
            )
        for rater, row, values, comment in found:
            Answers.of(self.sheet, [(rater, row, values, comment)])
            self._given[rater, row] = values, comment
        if len(whole) < len(text):
            with self.path.open("r+b") as file:
                file.truncate(len(whole))


def _encoded(line: dict[str, Any]) -> bytes:
    return (json.dumps(line, ensure_ascii=False) + "\n").encode()

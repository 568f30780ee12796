"""`Key`: which algorithm recommended what. It is kept apart from the sheet, so that raters cannot know."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from longtail.errors import ConfigError, DataError
from longtail.evaluation.export import write_text
from longtail.evaluation.perceived.questions import Question

__all__ = ["Key", "RowKey"]


@dataclass(frozen=True)
class RowKey:
    """What stands behind one row of a sheet.

    Attributes:
        user: external id.
        item: external id.
        places: algorithm -> place in its list, from 1, for those that recommended it.
        popularity: interactions with the item in the data.
    """

    user: Any
    item: Any
    places: dict[str, int]
    popularity: int


@dataclass(frozen=True)
class Key:
    """What turns the codes of a sheet's rows back into users, items and algorithms.

    Attributes:
        sheet: which sheet it belongs to.
        algorithms: names, in the order given.
        n: places that were taken of each list.
        questions: of the sheet.
        rows: by code.
    """

    sheet: str
    algorithms: list[str]
    n: int
    questions: tuple[Question, ...]
    rows: dict[str, RowKey]

    @property
    def codes(self) -> Iterable[str]:
        """The codes of the rows."""
        return self.rows.keys()

    def to_json(self, path: str | Path | None = None) -> str:
        """As JSON; also written to `path` where one is given."""
        rows = {code: vars(row) for code, row in self.rows.items()}
        questions = [question.to_dict() for question in self.questions]
        named = {"sheet": self.sheet, "algorithms": self.algorithms, "n": self.n, "questions": questions, "rows": rows}
        text = json.dumps(named, ensure_ascii=False, indent=1)
        if path is not None:
            write_text(path, text + "\n")
        return text

    @classmethod
    def from_json(cls, path: str | Path) -> Key:
        """Read a key from a file.

        Raises:
            DataError: if there is no such file, or it is no key.
        """
        try:
            found = json.loads(Path(path).read_text(encoding="utf-8"))
            questions = tuple(Question(**question) for question in found["questions"])
            rows = {code: RowKey(**row) for code, row in found["rows"].items()}
            return cls(str(found["sheet"]), list(found["algorithms"]), int(found["n"]), questions, rows)
        except OSError as error:
            raise DataError(f"cannot read the key {path}: {error.strerror or error}") from error
        except (ValueError, KeyError, TypeError, AttributeError, ConfigError) as error:
            raise DataError(f"{path} is not the key of a sheet; 'longtail sheet --key FILE' writes one") from error

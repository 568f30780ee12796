"""`Journal`: a run kept in a folder, part by part, so that what is finished is never done again.

```
run/
├── run.json              what makes the run the same: data, protocol, sample user, version
├── parts/ALGORITHM/      one artifact for each fold and seed (see `longtail.artifacts`): figures, values of each user
└── results.json          the findings, once the run has ended or was interrupted
```

Every file is written complete or not at all; a part that cannot be read is done again.
"""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from longtail import artifacts
from longtail.errors import ArtifactError, ConfigError, DataError
from longtail.evaluation import export
from longtail.evaluation.bakeoff.part import Part
from longtail.evaluation.resources import Usage
from longtail.evaluation.sample_user import Pick
from longtail.evaluation.value import MetricValue

if TYPE_CHECKING:
    from longtail.evaluation.bakeoff.result import BakeoffResult

__all__ = ["Journal"]

KIND = "part of a longtail bake-off"


class Journal:
    """Keeps the parts of a run; without a folder it keeps nothing.

    Args:
        folder: where; made where it is missing.
        setting: what makes two runs the same, as JSON values.

    Raises:
        ConfigError: if the folder holds a run of another setting, or something else.
        DataError: if it cannot be written.
    """

    def __init__(self, folder: str | Path | None, setting: dict[str, Any]) -> None:
        self.folder = None if folder is None else Path(folder)
        if self.folder is not None:
            self._open(self.folder, _as_json(setting))

    def kept(self, label: str, parameters: dict[str, Any], fold: str, seed: int | None) -> Part | None:
        """The part of an earlier session; None where there is none that is whole and of the same parameters."""
        if self.folder is None:
            return None
        path = self._path(label, fold, seed)
        try:
            manifest, state = artifacts.read(path)
            if manifest.get("kind") != KIND or manifest["parameters"] != _as_json(parameters):
                return None
            return _from_plain(manifest["part"], state)
        except (ArtifactError, LookupError, TypeError):
            shutil.rmtree(path, ignore_errors=True)  # what is left of a part is in the way of a whole one
            return None

    def keep(self, label: str, parameters: dict[str, Any], part: Part) -> None:
        """Write a part; one that failed is not kept, so that it is tried again.

        Raises:
            DataError: if it cannot be written; what was kept before is still there.
        """
        if self.folder is None or part.error:
            return
        plain, state = _as_plain(part)
        facts = {"kind": KIND, "label": label, "parameters": _as_json(parameters), "part": plain}
        try:
            artifacts.write(self._path(label, part.fold, part.seed), facts, state)
        except ArtifactError as error:
            raise DataError(f"{error}; what was finished before is kept in {self.folder}") from error

    def finish(self, result: BakeoffResult) -> None:
        """Write the findings."""
        if self.folder is not None:
            result.to_json(self.folder / "results.json")

    def _open(self, folder: Path, setting: dict[str, Any]) -> None:
        record = folder / "run.json"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not record.exists() and any(folder.iterdir()):
                raise ConfigError(f"{folder} holds something else than a bake-off; name a new or empty folder")
        except OSError as error:
            raise DataError(f"cannot keep the run in {folder}: {error.strerror or error}") from error
        if not record.exists():
            export.write_text(record, json.dumps(setting, ensure_ascii=False, indent=1) + "\n")
            return
        try:
            before = json.loads(record.read_text(encoding="utf-8"))
            other = [name for name in setting if before.get(name) != setting[name]]
        except (OSError, ValueError, AttributeError) as error:
            raise ConfigError(f"{record} is damaged; name another folder") from error
        if other:
            raise ConfigError(f"{folder} holds a run with another {' and '.join(other)}; name another folder")

    def _path(self, label: str, fold: str, seed: int | None) -> Path:
        assert self.folder is not None
        part = fold if seed is None else f"{fold} seed {seed}"
        return self.folder / "parts" / _slug(label) / _slug(part)


def _slug(text: str) -> str:
    """A name for a file: readable, and unlike that of any other text."""
    return f"{re.sub(r'[^A-Za-z0-9]+', '-', text).strip('-')[:60]}-{zlib.crc32(text.encode()):08x}"


def _as_json(value: Any) -> Any:
    return json.loads(json.dumps(value, default=str))


def _as_plain(part: Part) -> tuple[dict[str, Any], dict[str, Any]]:
    """A part as JSON facts, and the values of each user as arrays."""
    plain = {item.name: getattr(part, item.name) for item in dataclasses.fields(part) if item.name != "measured"}
    plain |= {
        "picks": [dataclasses.asdict(pick) for pick in part.picks],
        "usages": [dataclasses.asdict(usage) for usage in part.usages],
        "metrics": {key: value.name for key, value in part.measured.items()},
    }
    return _as_json(plain), dict(_arrays(part))


def _arrays(part: Part) -> Iterator[tuple[str, Any]]:
    for key, value in part.measured.items():
        yield f"{key}/value", float(value)
        yield f"{key}/users", value.users
        yield f"{key}/per_user", value.per_user


def _from_plain(plain: dict[str, Any], state: dict[str, Any]) -> Part:
    measured = {
        key: MetricValue(state[f"{key}/value"], name, state[f"{key}/users"], np.array(state[f"{key}/per_user"]))
        for key, name in plain.pop("metrics").items()
    }
    picks = [Pick(**pick) for pick in plain.pop("picks")]
    usages = [Usage(**usage) for usage in plain.pop("usages")]
    asks = tuple(plain.pop("asks"))
    return Part(**plain, asks=asks, measured=measured, picks=picks, usages=usages)

"""`Journal`: a run kept in a folder, part by part, so that what is finished is never done again.

```
run/
├── run.json              what makes the run the same: data, protocol, sample user, version
├── parts/ALGORITHM/      one artifact for each fold and seed (see `longtail.artifacts`): figures, values of each user
├── users/ALGORITHM/      one artifact: its metrics with the value of each user, over all folds and seeds
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
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from longtail import artifacts
from longtail.errors import ArtifactError, ConfigError, DataError
from longtail.evaluation import export
from longtail.evaluation.bakeoff.part import Part
from longtail.evaluation.findings import Findings
from longtail.evaluation.metrics.value import MetricValue
from longtail.evaluation.resources import Usage
from longtail.evaluation.sample_user import Pick

__all__ = ["Journal", "read_run", "values_of_users"]

KIND = "part of a longtail bake-off"
RESULTS = "results.json"
UNREADABLE = (ArtifactError, LookupError, TypeError, ValueError, AttributeError)
"""What reading an artifact raises that is damaged, or was written by another version."""


class Journal:
    """Keeps the parts of a run; without a folder it keeps nothing.

    Args:
        folder: where; made where it is missing.
        setting: what makes two runs the same, as JSON values.
        accepted: leaks that are no reason to stop; a part made while more were accepted is made again.

    Attributes:
        seconds: that the parts took, in earlier sessions, which were read and not made again.
        compiling: seconds of them that were spent compiling.

    Raises:
        ConfigError: if the folder holds a run of another setting, or something else.
        DataError: if it cannot be written.
    """

    def __init__(
        self, folder: str | Path | None, setting: dict[str, Any], accepted: frozenset[str] = frozenset()
    ) -> None:
        self.folder = None if folder is None else Path(folder)
        self.accepted = accepted
        self.seconds = self.compiling = 0.0
        if self.folder is not None:
            self._open(self.folder, _as_json(setting))

    def kept(self, label: str, parameters: dict[str, Any], fold: str, seed: int | None) -> Part | None:
        """The part of an earlier session; None where there is none that is whole and of the same parameters."""
        if self.folder is None:
            return None
        path = self._path(label, fold, seed)
        try:
            manifest, state = artifacts.read(path)
            alike = manifest.get("kind") == KIND and manifest["parameters"] == _as_json(parameters)
            if not alike or not self.accepted.issuperset(manifest["accepted"]):
                return None
            if manifest["part_crc32"] != _crc32(manifest["part"]):
                raise ArtifactError(f"{path} is damaged: the checksum of its figures differs")
            part = _from_plain(manifest["part"], state)
        except UNREADABLE:
            shutil.rmtree(path, ignore_errors=True)  # what is left of a part is in the way of a whole one
            return None
        self.seconds += sum(usage.wall + usage.compiling for usage in part.usages)
        self.compiling += sum(usage.compiling for usage in part.usages)
        return part

    def keep(self, label: str, parameters: dict[str, Any], part: Part) -> None:
        """Write a part; one that failed is not kept, so that it is tried again.

        Raises:
            DataError: if it cannot be written; what was kept before is still there.
        """
        if self.folder is None or part.error:
            return
        plain, state = _as_plain(part)
        facts = {
            "kind": KIND,
            "label": label,
            "accepted": sorted(self.accepted),
            "parameters": _as_json(parameters),
            "part": plain,
            "part_crc32": _crc32(plain),
        }
        try:
            artifacts.write(self._path(label, part.fold, part.seed), facts, state)
        except ArtifactError as error:
            raise DataError(f"{error}; what was finished before is kept in {self.folder}") from error

    def finish(self, result: Findings) -> None:
        """Write the findings, and the values of each user behind them.

        Raises:
            DataError: if they cannot be written.
        """
        if self.folder is None:
            return
        try:
            for outcome in result.outcomes:
                facts = {"kind": KIND, "metrics": {key: value.name for key, value in outcome.per_user.items()}}
                path = _users_of(self.folder, outcome.label)
                _clear_damaged(path)
                artifacts.write(path, facts, dict(_arrays(outcome.per_user)))
        except ArtifactError as error:
            raise DataError(f"{error}; what was finished before is kept in {self.folder}") from error
        result.to_json(self.folder / RESULTS)

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
            differ = f"{', '.join(other)} {'differs' if len(other) == 1 else 'differ'}"
            raise ConfigError(f"{folder} holds another run: its {differ}; name another folder")

    def _path(self, label: str, fold: str, seed: int | None) -> Path:
        assert self.folder is not None
        part = fold if seed is None else f"{fold} seed {seed}"
        return self.folder / "parts" / _slug(label) / _slug(part)


def read_run(folder: str | Path) -> str:
    """The findings of a run in a folder, as the JSON that was written there.

    Raises:
        DataError: if there is no finished or interrupted run.
    """
    path = Path(folder) / RESULTS
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise DataError(f"there is no bake-off in {folder}: {path.name} cannot be read") from error


def values_of_users(folder: str | Path, label: str) -> dict[str, MetricValue]:
    """The metrics of an algorithm in a kept run, with the value of each user.

    Raises:
        DataError: if they are missing or damaged.
    """
    try:
        manifest, state = artifacts.read(_users_of(Path(folder), label))
        return _measured(manifest["metrics"], state)
    except UNREADABLE as error:
        raise DataError(
            f"the values of each user of {label} cannot be read: {error}; run the bake-off again"
        ) from error


def _clear_damaged(path: Path) -> None:
    """Take away what is left of an artifact: it would be in the way of a whole one."""
    try:
        artifacts.read(path)
    except ArtifactError:
        shutil.rmtree(path, ignore_errors=True)


def _users_of(folder: Path, label: str) -> Path:
    return folder / "users" / _slug(label)


def _slug(text: str) -> str:
    """A name for a file: readable, and unlike that of any other text."""
    return f"{re.sub(r'[^A-Za-z0-9]+', '-', text).strip('-')[:60]}-{zlib.crc32(text.encode()):08x}"


def _as_json(value: Any) -> Any:
    return json.loads(json.dumps(value, default=str))


def _crc32(plain: dict[str, Any]) -> int:
    return zlib.crc32(json.dumps(plain, sort_keys=True).encode())


def _as_plain(part: Part) -> tuple[dict[str, Any], dict[str, Any]]:
    """A part as JSON facts, and the values of each user as arrays."""
    plain = {item.name: getattr(part, item.name) for item in dataclasses.fields(part) if item.name != "measured"}
    plain |= {
        "picks": [dataclasses.asdict(pick) for pick in part.picks],
        "usages": [dataclasses.asdict(usage) for usage in part.usages],
        "metrics": {key: value.name for key, value in part.measured.items()},
    }
    return _as_json(plain), dict(_arrays(part.measured))


def _arrays(measured: Mapping[str, MetricValue]) -> Iterator[tuple[str, Any]]:
    for key, value in measured.items():
        yield f"{key}/value", float(value)
        yield f"{key}/users", value.users
        yield f"{key}/per_user", value.per_user
        if value.weights is not None:
            yield f"{key}/weights", value.weights


def _from_plain(plain: dict[str, Any], state: dict[str, Any]) -> Part:
    measured = _measured(plain.pop("metrics"), state)
    picks = [Pick(**pick) for pick in plain.pop("picks")]
    usages = [Usage(**usage) for usage in plain.pop("usages")]
    asks = tuple(plain.pop("asks"))
    return Part(**plain, asks=asks, measured=measured, picks=picks, usages=usages)


def _measured(names: Mapping[str, str], state: Mapping[str, Any]) -> dict[str, MetricValue]:
    return {
        key: MetricValue(
            state[f"{key}/value"],
            name,
            state[f"{key}/users"],
            np.array(state[f"{key}/per_user"]),
            state.get(f"{key}/weights"),
        )
        for key, name in names.items()
    }

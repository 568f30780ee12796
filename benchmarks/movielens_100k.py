"""The five published folds of MovieLens 100K, read from `LONGTAIL_DATA`: what the tuning and accuracy scripts share.

The rows come with the catalog of the release (films and people), for the algorithms that learn from it.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import polars as pl

import longtail as lt
from longtail.data.movielens import read_catalog
from longtail.errors import DataError

FOLDS = (1, 2, 3, 4, 5)
COLUMNS = ["user", "item", "rating", "timestamp"]


def base_file(fold: int) -> Path:
    """The training file of a fold."""
    return _folder() / f"u{fold}.base"


def training(fold: int) -> lt.Interactions:
    """The training rows of a fold, in file order; the test file stays closed."""
    return _ratings(_read(base_file(fold)))


def train_and_test(fold: int) -> tuple[lt.Interactions, lt.Interactions]:
    """The training and the test rows of a fold, sharing their ids (those of the training rows first)."""
    train, test = _read(base_file(fold)), _read(_folder() / f"u{fold}.test")
    whole = _ratings(pl.concat([train, test]))
    in_train = pl.int_range(len(whole), eager=True).to_numpy() < len(train)
    return whole.take(in_train), whole.take(~in_train)


def _ratings(frame: pl.DataFrame) -> lt.Interactions:
    known = (_folder() / "u.item").is_file()  # the folds alone do, for whoever needs no catalog
    catalog = read_catalog(_folder()) if known else None
    return lt.Interactions.from_frame(frame, scale=(1.0, 5.0), catalog=catalog)


def digest(path: Path) -> str:
    """A short SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _folder() -> Path:
    folder = Path(os.environ.get("LONGTAIL_DATA", "")) / "ml-100k"
    if not (folder / "u1.base").is_file():
        raise DataError(f"no MovieLens 100K folds in {folder}; set LONGTAIL_DATA to the folder that holds ml-100k")
    return folder


def _read(path: Path) -> pl.DataFrame:
    return pl.read_csv(path, separator="\t", has_header=False, new_columns=COLUMNS)

"""Data sets by name: MovieLens, found on this machine or fetched from its home, and the generated world.

```
datasets.load("ml-latest-small")                                   a MovieLens release
datasets.load("synthetic:users=500,items=300,ratings=20000")       the generated world
datasets.load("ratings.csv")                                       your own file, or a MovieLens folder
```
"""

from __future__ import annotations

import difflib
import importlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longtail.data import download, zipped
from longtail.data import movielens as releases
from longtail.data.interactions import Interactions
from longtail.errors import ConfigError, DownloadError

if TYPE_CHECKING:
    from longtail.data.synthetic import World, synthetic
    from longtail.data.worked_example import worked_example

__all__ = ["CITATION", "DATASETS", "Dataset", "World", "load", "movielens", "synthetic", "worked_example"]

HOME = "https://files.grouplens.org/datasets/movielens"
CITATION = (
    "F. Maxwell Harper and Joseph A. Konstan (2015). The MovieLens Datasets: History and Context. "
    "ACM Transactions on Interactive Intelligent Systems 5(4), 19. https://doi.org/10.1145/2827872"
)
LICENCE = "research use, with citation; commercial use needs GroupLens' permission; see the release's README"


@dataclass(frozen=True)
class Dataset:
    """One release of MovieLens.

    Attributes:
        name: as for `movielens` and `load`.
        ratings: how many it holds.
        users: people who rated.
        items: films listed.
        megabytes: size of the download (10^6 bytes).
        folder: the name of its folder in `LONGTAIL_DATA` or the cache.
        md5: checksum of the download as published; None where the release changes over time.
        licence: terms in short; the README of the release has them in full.
        cite: the paper to cite.
    """

    name: str
    ratings: int
    users: int
    items: int
    megabytes: float
    folder: str
    md5: str | None
    licence: str = LICENCE
    cite: str = CITATION


DATASETS: dict[str, Dataset] = {
    entry.name: entry
    for entry in (
        Dataset("latest-small", 100_836, 610, 9_742, 1.0, "ml-latest-small", None),
        Dataset("100k", 100_000, 943, 1_682, 4.9, "ml-100k", "0e33842e24a9c977be4e0107933c0723"),
        Dataset("1m", 1_000_209, 6_040, 3_883, 5.9, "ml-1m", "c4d9eecfca2ab87c1945afe126590906"),
        Dataset("10m", 10_000_054, 69_878, 10_681, 65.6, "ml-10m", "ce571fd55effeba0271552578f2648bd"),
        Dataset("20m", 20_000_263, 138_493, 27_278, 198.7, "ml-20m", "cd245b17a1ae2cc31bb14903e1204af3"),
        Dataset("25m", 25_000_095, 162_541, 62_423, 262.0, "ml-25m", "6b51fb2759a8657d3bfcbfc42b592ada"),
        Dataset("32m", 32_000_204, 200_948, 87_585, 239.0, "ml-32m", "d472be332d4daa821edc399621853b57"),
    )
}
"""The releases `movielens` knows, smallest first. `latest-small` grows over time; its figures are those of 2018."""


def movielens(name: str = "latest-small", *, base_url: str | None = None, timeout: float = 30.0) -> Interactions:
    """A MovieLens release, with its catalog.

    It is looked for in the folder that the environment variable `LONGTAIL_DATA` names (as `ml-25m/`, say), then in the
    cache (`LONGTAIL_CACHE`, or the user's cache directory), then fetched from GroupLens into the cache: with a
    progress bar, taken up again where it broke off, and compared with the published checksum. The checksum of
    `latest-small`, which changes over time, is read from the `.md5` file beside it, if there is one.

    Args:
        name: "latest-small", "100k", "1m", "10m", "20m", "25m" or "32m", with or without `ml-` before it.
        base_url: where the zip files lie; by default `LONGTAIL_MOVIELENS_URL`, or else GroupLens.
        timeout: seconds without an answer after which the server is given up.

    Raises:
        ConfigError: if there is no such release.
        DownloadError: if it is not on this machine and cannot be fetched.
    """
    entry = DATASETS.get(_bare(name))
    if entry is None:
        raise ConfigError(
            f"no MovieLens release {name!r}; there are {', '.join(DATASETS)}{_nearest(name, _names()[:-1])}"
        )
    cached = download.cache_folder() / entry.folder
    for folder in (*_own_folders(entry), cached):
        if releases.holds_ratings(folder):
            return releases.read_folder(folder)
    try:
        with download.locked(cached.with_name(f".{entry.folder}.lock")):
            if not releases.holds_ratings(cached):
                _obtain(entry, cached, (base_url or os.environ.get("LONGTAIL_MOVIELENS_URL") or HOME), timeout)
    except DownloadError as error:
        own = os.environ.get("LONGTAIL_DATA") or "not set"
        raise DownloadError(
            f"{entry.folder} is neither in LONGTAIL_DATA ({own}) nor in the cache ({cached.parent}), and {error}; "
            f"set LONGTAIL_DATA to a folder that holds {entry.folder}/, or use 'synthetic'"
        ) from error
    return releases.read_folder(cached)


def load(source: str | Path, **options: Any) -> Interactions:
    """Data by name or path.

    Args:
        source: a MovieLens release (`ml-latest-small`, `100k`, ...); `synthetic`, or `synthetic:users=500,seed=1` with
            any of users, items, ratings and seed; or a path: a Parquet file, any other file as separated text, or the
            folder of a MovieLens release, which goes before a release of the same name.
        **options: passed on to `movielens`, `synthetic`, `Interactions.from_parquet` or `Interactions.from_csv`.

    Raises:
        ConfigError: if there is no data set of that name and no such file.
        DataError: if the file cannot be read.
        DownloadError: if a release cannot be fetched.
    """
    text, path = str(source).strip(), Path(source).expanduser()
    name, _, settings = text.partition(":")
    known = _bare(text) in DATASETS and not (path.is_file() or releases.holds_ratings(path))
    if policies := {"duplicates", "bad_rows"} & set(options) if known or name == "synthetic" else set():
        raise ConfigError(
            f"{text} has no bad rows and no duplicates, so it takes no {' and no '.join(sorted(policies))}"
        )
    if name == "synthetic":
        return _generated(settings, options)
    if known:
        return movielens(text, **options)
    if not text or (not path.exists() and not path.suffix and len(path.parts) == 1):
        raise ConfigError(f"no data set or file {text!r}; there are {', '.join(_names())}{_nearest(text, _names())}")
    if path.is_dir():
        if options:
            raise ConfigError(f"a MovieLens folder takes no options, not {', '.join(options)}")
        return releases.read_folder(path)
    read = Interactions.from_parquet if path.suffix.lower() in (".parquet", ".pq") else Interactions.from_csv
    return read(path, **options)


def _obtain(entry: Dataset, folder: Path, base_url: str, timeout: float) -> None:
    url = f"{base_url.rstrip('/')}/ml-{entry.name}.zip"
    archive = folder.with_name(f"ml-{entry.name}.zip")
    md5 = entry.md5 or download.published_md5(url, timeout=timeout)
    download.fetch(url, archive, md5=md5, timeout=timeout)
    try:
        zipped.unpack(archive, folder, check=_check_release)
    finally:
        archive.unlink(missing_ok=True)


def _check_release(folder: Path) -> None:
    if not releases.holds_ratings(folder):
        raise DownloadError("the archive holds no MovieLens ratings")


def _own_folders(entry: Dataset) -> list[Path]:
    own = os.environ.get("LONGTAIL_DATA")
    names = (entry.folder, "ml-10M100K") if entry.name == "10m" else (entry.folder,)  # as its archive calls it
    return [Path(own).expanduser() / name for name in names] if own else []


def _generated(settings: str, options: dict[str, Any]) -> Interactions:
    chosen: dict[str, Any] = {}
    for setting in filter(None, settings.split(",")):
        key, _, value = setting.partition("=")
        if key not in ("users", "items", "ratings", "seed") or not value.replace("_", "").isdecimal():
            raise ConfigError(f"synthetic takes users, items, ratings and seed as whole numbers, not {setting!r}")
        chosen[key] = int(value)
    data: Interactions = __getattr__("synthetic")(**{**chosen, **options})
    return data


def _bare(name: str) -> str:
    lowered = name.strip().lower()
    return lowered.removeprefix("ml-").removeprefix("movielens-")


def _names() -> list[str]:
    return [*(f"ml-{name}" for name in DATASETS), "synthetic"]


def _nearest(name: str, known: list[str]) -> str:
    names = {_bare(one): one for one in known}
    found = [names[bare] for bare in difflib.get_close_matches(_bare(name), names, n=2)]
    return f"; did you mean {' or '.join(found)}?" if found else ""


def __getattr__(name: str) -> Any:
    """`synthetic`, `World` and `worked_example`, imported when first used."""
    if name not in ("synthetic", "World", "worked_example"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "longtail.data.worked_example" if name == "worked_example" else "longtail.data.synthetic"
    return getattr(importlib.import_module(home), name)

"""Data by name: where it is looked for, how it is fetched, and what is said when it cannot be had."""

from __future__ import annotations

import hashlib
import sys
import types
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import longtail as lt
from longtail.data import datasets
from longtail.errors import ConfigError, DataError, DownloadError


@pytest.fixture(autouse=True)
def nothing_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty machine: no data folder, an empty cache, and no way out to the network."""
    monkeypatch.delenv("LONGTAIL_DATA", raising=False)
    monkeypatch.setenv("LONGTAIL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("LONGTAIL_MOVIELENS_URL", "http://127.0.0.1:9")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def home(server: Any, releases: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    """A server with every release, whose checksums are those expected."""
    for name, release in releases.items():
        content = release.zipped()
        server.files[f"/ml-{name}.zip"] = content
        md5 = hashlib.md5(content).hexdigest()
        server.files[f"/ml-{name}.zip.md5"] = f"MD5 (ml-{name}.zip) = {md5}\n".encode()
        entry = datasets.DATASETS[name]
        known = datasets.Dataset(**{**vars(entry), "md5": entry.md5 and md5})
        monkeypatch.setitem(datasets.DATASETS, name, known)
    monkeypatch.setenv("LONGTAIL_MOVIELENS_URL", server.url + "/")
    return server


@pytest.mark.parametrize("name", list(datasets.DATASETS))
def test_every_release_is_fetched_once_and_then_found(home: Any, tmp_path: Path, name: str) -> None:
    first, requests = datasets.movielens(name), len(home.asked)
    assert len(first) == 3
    assert first.catalog is not None
    again = datasets.load(f"ml-{name}")
    assert again.fingerprint == first.fingerprint
    assert len(home.asked) == requests
    left = sorted(path.name for path in (tmp_path / "cache").iterdir() if path.name[0] != ".")
    assert left == [f"ml-{name}"]


def test_the_data_folder_goes_before_the_cache(
    home: Any, releases: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LONGTAIL_DATA", str(tmp_path / "own"))
    releases["100k"].unpacked(tmp_path / "own" / "ml-100k")
    releases["10m"].unpacked(tmp_path / "own" / "ml-10M100K")
    assert len(datasets.movielens("ml-100K")) == len(datasets.movielens("movielens-10m")) == 3
    assert home.asked == []


def test_a_cached_folder_without_ratings_is_replaced(home: Any, tmp_path: Path) -> None:
    (tmp_path / "cache" / "ml-1m").mkdir(parents=True)
    (tmp_path / "cache" / "ml-1m" / "stray").write_text("")
    assert len(datasets.movielens("1m", base_url=home.url)) == 3
    assert not (tmp_path / "cache" / "ml-1m" / "stray").exists()


def test_latest_small_is_checked_against_the_checksum_beside_it(home: Any, tmp_path: Path) -> None:
    home.files["/ml-latest-small.zip.md5"] = b"MD5 (ml-latest-small.zip) = " + b"0" * 32
    with pytest.raises(DownloadError, match=r"has the checksum .*, not 00000000"):
        datasets.movielens("latest-small")
    del home.files["/ml-latest-small.zip.md5"]
    assert len(datasets.movielens("latest-small")) == 3


@pytest.mark.parametrize("what", ["wrong checksum", "not there", "no zip", "other files", "truncated"])
def test_a_download_that_fails_says_what_was_tried_and_what_to_do(home: Any, tmp_path: Path, what: str) -> None:
    path = "/ml-latest-small.zip"
    del home.files[path + ".md5"]
    good = home.files[path]
    if what == "wrong checksum":
        home.files[path + ".md5"] = b"0" * 32
    elif what == "not there":
        del home.files[path]
    elif what == "no zip":
        home.files[path] = b"<html>moved</html>"
    elif what == "other files":
        home.files[path] = home.files["/ml-100k.zip"].replace(b"u.data", b"x.data")
    else:
        home.cut_after = [50, 10, 10]
    with pytest.raises(DownloadError) as caught:
        datasets.movielens()
    text = str(caught.value)
    assert text.startswith("ml-latest-small is neither in LONGTAIL_DATA (not set) nor in the cache (")
    assert text.endswith("; set LONGTAIL_DATA to a folder that holds ml-latest-small/, or use 'synthetic'")
    assert "\n" not in text
    left = sorted(entry.name for entry in (tmp_path / "cache").iterdir() if entry.name[-5:] != ".lock")
    assert left == (["ml-latest-small.zip.part"] if what == "truncated" else [])
    home.files[path] = good
    home.files.pop(path + ".md5", None)
    assert len(datasets.movielens()) == 3


def test_no_network_at_all() -> None:
    with pytest.raises(DownloadError, match=r"no connection to http://127\.0\.0\.1:9/ml-25m\.zip .*or use 'synthetic'"):
        datasets.movielens("25m")
    with pytest.raises(DownloadError, match="no connection"):
        datasets.load("latest-small")


def test_a_base_url_that_is_none() -> None:
    with pytest.raises(ConfigError, match="is not an http or https address"):
        datasets.movielens("latest-small", base_url="file:///tmp")


def test_unknown_names_get_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"no MovieLens release '33m'; there are latest-small, .*; did you mean ml-"):
        datasets.movielens("33m")
    with pytest.raises(ConfigError, match=r"no data set or file 'ml-lates-small'.*did you mean ml-latest-small\?"):
        datasets.load("ml-lates-small")
    with pytest.raises(ConfigError, match=r"did you mean synthetic\?"):
        datasets.load("sintetic")
    for name in ("", "  ", "zzzzzzzz"):
        with pytest.raises(ConfigError, match="there are ml-latest-small") as caught:
            datasets.load(name)
        assert "did you mean" not in str(caught.value)


def test_load_reads_files_by_their_name(tmp_path: Path) -> None:
    frame = pl.DataFrame({"user": [1, 2], "item": [5, 6], "rating": [1.0, 2.0]})
    frame.write_csv(tmp_path / "r.csv")
    frame.write_csv(tmp_path / "r.tsv", separator="\t")
    frame.write_parquet(tmp_path / "r.parquet")
    expected = lt.Interactions.from_frame(frame).fingerprint
    for name in ("r.csv", "r.tsv", "r.parquet", str(tmp_path / "r.csv")):
        assert datasets.load(name).fingerprint == expected
    assert datasets.load(Path("r.csv"), feedback="implicit").feedback == "implicit"
    with pytest.raises(DataError, match=r"no file none\.csv"):
        datasets.load("none.csv")
    with pytest.raises(DataError, match="no file no/where"):
        datasets.load("no/where")


def test_load_reads_a_folder(releases: dict[str, Any], tmp_path: Path) -> None:
    folder = releases["1m"].unpacked(tmp_path / "mine")
    assert len(datasets.load(folder)) == len(datasets.load("mine")) == 3
    with pytest.raises(ConfigError, match="takes no options, not scale"):
        datasets.load(folder, scale=(1, 5))
    with pytest.raises(DataError, match=r"no ratings\.csv"):
        datasets.load(tmp_path)
    releases["100k"].unpacked(tmp_path / "ml-100k")
    assert len(datasets.load("ml-100k")) == 3


def test_synthetic_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, int]] = []
    world = types.ModuleType("longtail.data.synthetic")
    world.synthetic = lambda **settings: asked.append(settings)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "longtail.data.synthetic", world)
    datasets.load("synthetic")
    datasets.load("synthetic:users=500,ratings=20_000", seed=3)
    assert asked == [{}, {"users": 500, "ratings": 20_000, "seed": 3}]
    for wrong in (
        "synthetic:size=5",
        "synthetic:users=many",
        "synthetic:users=-1",
        "synthetic:users",
        "synthetic:users=",
    ):
        with pytest.raises(ConfigError, match="synthetic takes users, items, ratings and seed as whole numbers, not"):
            datasets.load(wrong)


def test_the_table_of_releases() -> None:
    for name, entry in datasets.DATASETS.items():
        assert entry.name == name
        assert entry.folder == f"ml-{name}"
        assert (entry.md5 is None) == (name == "latest-small")
        assert entry.md5 is None or len(entry.md5) == 32
        assert entry.ratings > entry.users
        assert "Harper" in entry.cite
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        datasets.nothing  # noqa: B018

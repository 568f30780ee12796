"""A run in a folder: stopped anywhere, it goes on without repeating anything and ends with the same table."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest

import longtail as lt
from longtail import artifacts
from longtail.algorithms.base import FoldIn, Recommender
from longtail.errors import ArtifactError, ConfigError, DataError
from longtail.evaluation.bakeoff import Bakeoff, BakeoffResult
from longtail.evaluation.bakeoff.journal import Journal
from longtail.evaluation.bakeoff.part import Part, merged
from longtail.evaluation.metrics.value import MetricValue

COSTS = {"fit_seconds", "predict_seconds", "recommend_seconds", "cpu_seconds", "peak_mb"}


@dataclass(kw_only=True)
class Counted(Recommender):
    """Counts how often it learns, and can be told to be interrupted the next time."""

    fold_in: ClassVar[FoldIn] = "fallback"
    scores_are_ratings: ClassVar[bool] = False
    fits: ClassVar[int] = 0
    stop_at: ClassVar[int | None] = None

    seed: int = 0

    def _fit(self, train, catalog):
        if Counted.fits == Counted.stop_at:
            Counted.stop_at = None
            raise KeyboardInterrupt
        Counted.fits += 1
        self.order_ = np.random.default_rng(self.seed).random(train.n_items).astype(np.float32)

    def _score_histories(self, histories):
        return np.tile(self.order_, (histories.shape[0], 1))


@dataclass(kw_only=True)
class Sleepy(Counted):
    """Takes its time."""

    nap: ClassVar[float] = 0.5

    def _fit(self, train, catalog):
        time.sleep(self.nap)
        super()._fit(train, catalog)


def figures(result: BakeoffResult) -> list[dict[str, float | None]]:
    return [{key: value for key, value in outcome.values.items() if key not in COSTS} for outcome in result.outcomes]


def bakeoff(data: lt.Interactions, **options: object) -> Bakeoff:
    return Bakeoff(data, [Counted(), "popular", "bias"], repeats=3, **options)


@pytest.fixture(autouse=True)
def fresh() -> None:
    Counted.fits, Counted.stop_at = 0, None


def test_a_run_stopped_at_any_fit_goes_on(films: lt.Interactions, tmp_path: Path) -> None:
    whole = bakeoff(films).run(progress=False)
    needed = Counted.fits
    assert needed == 6  # three seeds on two folds: it predicts no ratings
    for stop in range(needed):
        Counted.fits, Counted.stop_at = 0, stop
        folder = tmp_path / str(stop)
        broken = bakeoff(films).run(progress=False, folder=folder)
        assert broken.not_run == ["Counted", "popular", "bias"]
        again = bakeoff(films).run(progress=False, folder=folder)
        assert not again.not_run
        assert Counted.fits == needed
        assert figures(again) == figures(whole)
        for one, other in zip(again.outcomes, whole.outcomes, strict=True):
            assert one.picks == other.picks
            assert one.by_rating == other.by_rating
            assert one.spread == other.spread
            assert one.per_user.keys() == other.per_user.keys()
            for key, value in one.per_user.items():
                assert np.array_equal(value.per_user, other.per_user[key].per_user, equal_nan=True)
                assert np.array_equal(value.users, other.per_user[key].users)


def test_a_finished_run_is_read_not_repeated(films: lt.Interactions, tmp_path: Path) -> None:
    first = bakeoff(films).run(progress=False, folder=tmp_path)
    fits = Counted.fits
    again = bakeoff(films).run(progress=False, folder=tmp_path)
    assert Counted.fits == fits
    assert again.outcomes == first.outcomes  # with the costs that were measured the first time
    read = BakeoffResult.from_folder(tmp_path)
    assert read == again
    for one, other in zip(read.outcomes, again.outcomes, strict=True):
        assert one.per_user.keys() == other.per_user.keys()
        assert all(np.array_equal(v.per_user, other.per_user[k].per_user, True) for k, v in one.per_user.items())


def test_the_time_of_a_run_is_that_of_all_its_sessions(films: lt.Interactions, tmp_path: Path) -> None:
    Bakeoff(films, [Sleepy()]).run(progress=False, folder=tmp_path)
    again = Bakeoff(films, [Sleepy()]).run(progress=False, folder=tmp_path)
    assert again.seconds >= 2 * Sleepy.nap  # two folds, and nothing was done again


def test_what_is_no_run_is_refused_in_words(films: lt.Interactions, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no bake-off"):
        BakeoffResult.from_folder(tmp_path)
    Bakeoff(films, ["popular"]).run(progress=False, folder=tmp_path)
    next((tmp_path / "users").rglob("arrays.safetensors")).write_bytes(b"")
    with pytest.raises(DataError, match="values of each user of popular"):
        BakeoffResult.from_folder(tmp_path)


def test_an_algorithm_may_be_added_and_another_parameter_is_another_part(
    films: lt.Interactions, tmp_path: Path
) -> None:
    Bakeoff(films, [Counted()]).run(progress=False, folder=tmp_path)
    assert Counted.fits == 2
    result = Bakeoff(films, [Counted(), Counted(seed=5), "popular"]).run(progress=False, folder=tmp_path)
    assert Counted.fits == 4
    assert [outcome.label for outcome in result.outcomes] == ["Counted", "Counted (seed=5)", "popular"]


def test_a_part_that_failed_is_tried_again(
    films: lt.Interactions, recommenders: SimpleNamespace, tmp_path: Path
) -> None:
    result = Bakeoff(films, [recommenders.Refusing()]).run(progress=False, folder=tmp_path)
    assert result.outcomes[0].error
    kept = list((tmp_path / "parts").rglob("manifest.json"))
    assert [json.loads(path.read_text(encoding="utf-8"))["part"]["error"] for path in kept] == [None]


@pytest.mark.parametrize("damage", ["truncated", "missing", "foreign"])
def test_a_damaged_part_is_done_again(films: lt.Interactions, tmp_path: Path, damage: str) -> None:
    first = Bakeoff(films, [Counted()]).run(progress=False, folder=tmp_path)
    part = next(path.parent for path in (tmp_path / "parts").rglob("manifest.json") if "left-out" in path.parent.name)
    arrays = part / "arrays.safetensors"
    if damage == "truncated":
        arrays.write_bytes(arrays.read_bytes()[:-20])
    elif damage == "missing":
        arrays.unlink()
    else:
        artifacts.write(part, {"kind": "something else"}, {})
    again = Bakeoff(films, [Counted()]).run(progress=False, folder=tmp_path)
    assert Counted.fits == 3
    assert figures(again) == figures(first)


def damaged(name: Path, text: bytes) -> dict[str, bytes | None]:
    """What a crash, a full disk or a careless hand makes of a file; None: it is gone."""
    if name.suffix != ".json":
        return {"gone": None, "half": text[: len(text) // 2]}
    digit = next((at for at in range(len(text) * 2 // 3, len(text)) if 48 <= text[at] < 57), len(text) // 2)
    return {"null": b"null", "digit": text[:digit] + bytes([text[digit] + 1]) + text[digit + 1 :]}


def test_any_one_damaged_file_is_done_again_or_refused_in_a_line(films: lt.Interactions, tmp_path: Path) -> None:
    def run(folder: Path) -> BakeoffResult:
        return Bakeoff(films, ["popular"]).run(progress=False, folder=folder)

    first = run(tmp_path / "whole")
    files = [path.relative_to(tmp_path / "whole") for path in (tmp_path / "whole").rglob("*") if path.is_file()]
    assert len(files) == 2 + 2 * 4  # values of users, and three folds
    for name in [name for name in files if name.parts[0] != "parts" or "left-out" in name.parent.name]:
        for how, text in damaged(name, (tmp_path / "whole" / name).read_bytes()).items():
            folder = tmp_path / f"{how} {name.parent.name} {name.name}"
            shutil.copytree(tmp_path / "whole", folder)
            if text is None:
                (folder / name).unlink()
            else:
                (folder / name).write_bytes(text)
            if name.parts[0] in ("users", "results.json") and how != "digit":
                with pytest.raises(DataError) as refused:
                    BakeoffResult.from_folder(folder)
                assert "\n" not in str(refused.value)
            if name.name == "run.json":
                with pytest.raises(ConfigError, match=r"holds something else|damaged|holds a run with another"):
                    run(folder)
                continue
            again = run(folder)
            assert figures(again) == figures(first), folder.name
            assert again.outcomes[0].segments == first.outcomes[0].segments, folder.name
            assert again.outcomes[0].picks == first.outcomes[0].picks, folder.name
            assert BakeoffResult.from_folder(folder) == again


def test_a_part_of_an_older_layout_is_done_again(films: lt.Interactions, tmp_path: Path) -> None:
    Bakeoff(films, [Counted()]).run(progress=False, folder=tmp_path)
    part = next(path.parent for path in (tmp_path / "parts").rglob("manifest.json") if "left-out" in path.parent.name)
    manifest, state = artifacts.read(part)
    del manifest["part_crc32"], manifest["part"]["treated"]
    artifacts.write(part, manifest, state)
    Bakeoff(films, [Counted()]).run(progress=False, folder=tmp_path)
    assert Counted.fits == 3


def test_another_run_is_refused_in_words(films: lt.Interactions, clicks: lt.Interactions, tmp_path: Path) -> None:
    Bakeoff(films, ["popular"]).run(progress=False, folder=tmp_path)
    for other, what in (
        (Bakeoff(films, ["popular"], seed=1), "its protocol, user differ"),
        (Bakeoff(clicks, ["popular"]), "its data, catalog, protocol, user differ"),
        (Bakeoff(films, ["popular"], user=101), "its user differs"),
        (Bakeoff(films, ["popular"], user=[Bakeoff(films, ["popular"]).sample.id, 101]), "its user differs"),
    ):
        with pytest.raises(ConfigError, match=what):
            other.run(progress=False, folder=tmp_path)
    (tmp_path / "run.json").write_text("{", encoding="utf-8")
    with pytest.raises(ConfigError, match="damaged"):
        Bakeoff(films, ["popular"]).run(progress=False, folder=tmp_path)


def test_a_folder_of_something_else_is_left_alone(films: lt.Interactions, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("x", encoding="utf-8")
    with pytest.raises(ConfigError, match="something else"):
        Bakeoff(films, ["popular"]).run(progress=False, folder=tmp_path)
    with pytest.raises(DataError, match="cannot keep the run"):
        Bakeoff(films, ["popular"]).run(progress=False, folder=tmp_path / "thesis.tex" / "run")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_full_disk_ends_the_run_and_loses_nothing(
    films: lt.Interactions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, written = artifacts.write, []

    def full_after_one(path: object, *rest: object) -> None:
        if written:
            raise ArtifactError(f"cannot save to {path}: No space left on device")
        written.append(path)
        write(path, *rest)

    monkeypatch.setattr(artifacts, "write", full_after_one)
    with pytest.raises(DataError, match=r"No space left.*what was finished before is kept"):
        Bakeoff(films, [Counted()]).run(progress=False, folder=tmp_path)
    monkeypatch.undo()
    Bakeoff(films, [Counted()]).run(progress=False, folder=tmp_path)
    assert Counted.fits == 3  # one kept, one lost with the disk and done again


def test_a_killed_process_leaves_a_run_that_goes_on(tmp_path: Path) -> None:
    """The real thing: no chance to clean up, at a moment of the system's choosing."""
    program = (
        "import sys, longtail as lt\n"
        "data = lt.datasets.synthetic(users=60, items=50, ratings=1_500)\n"
        "result = lt.Bakeoff(data, ['popular', 'bias', 'slope-one'], repeats=1)"
        ".run(progress=False, folder=sys.argv[1])\n"
        "import json\n"
        "print(json.dumps([o.values.get('hit_rate') for o in result.outcomes]))\n"
    )
    folder = tmp_path / "run"
    command = [sys.executable, "-c", program, str(folder)]
    started = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ)
    while started.poll() is None and not list(folder.rglob("manifest.json")):
        time.sleep(0.01)
    started.send_signal(signal.SIGKILL)
    started.wait()
    finished = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ)
    data = lt.datasets.synthetic(users=60, items=50, ratings=1_500)
    whole = Bakeoff(data, ["popular", "bias", "slope-one"]).run(progress=False)
    assert json.loads(finished.stdout) == [outcome.values.get("hit_rate") for outcome in whole.outcomes]


def test_without_a_folder_nothing_is_kept() -> None:
    assert Journal(None, {}).kept("a", {}, "fold", None) is None


def test_a_part_of_other_parameters_is_no_part_of_this(tmp_path: Path) -> None:
    journal = Journal(tmp_path, {})
    journal.keep("a", {"factors": 8}, Part("fold", ("hits",), seed=1))
    assert journal.kept("a", {"factors": 8}, "fold", 1) == Part("fold", ("hits",), seed=1)
    assert journal.kept("a", {"factors": 9}, "fold", 1) is None
    assert journal.kept("a", {"factors": 8}, "fold", 2) is None


def test_merging_counts_each_user_once_and_skips_what_is_undefined() -> None:
    first = MetricValue.over_users("ndcg", users=[0, 2], per_user=[np.nan, 0.5])
    second = MetricValue.over_users("ndcg", users=[0, 1], per_user=[np.nan, 1.0])
    value = merged([first, second])
    assert float(value) == 0.75
    assert value.users.tolist() == [0, 1, 2]
    assert np.array_equal(value.per_user, [np.nan, 1.0, 0.5], equal_nan=True)
    nobody = MetricValue.over_users("ndcg", users=[0], per_user=[np.nan])
    assert np.isnan(merged([nobody, nobody]))


# -- the same folder, asked for something else -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def timed() -> lt.Interactions:
    return lt.datasets.synthetic(users=50, items=40, ratings=700, seed=2)


def test_no_part_of_another_curve_or_of_other_repeats_gets_into_a_run(timed: lt.Interactions, tmp_path: Path) -> None:
    asked = [
        {"repeats": 3},
        {"repeats": 1},
        {"curve": (0.25, 0.5, 1)},
        {"curve": (0.25, 0.5, 1), "curve_order": "earliest"},
        {"curve": (0.5, 0.75)},
        {"curve": (0.25, 0.250001)},
        {"repeats": 2, "curve": (0.5, 1), "curve_order": "earliest"},
    ]
    for options in asked:
        kept = Bakeoff(timed, [Counted(), "bias"], **options).run(progress=False, folder=tmp_path)
        fresh = Bakeoff(timed, [Counted(), "bias"], **options).run(progress=False)
        assert figures(kept) == figures(fresh)
        assert [outcome.curve for outcome in kept.outcomes] == [outcome.curve for outcome in fresh.outcomes]
        assert [outcome.spread for outcome in kept.outcomes] == [outcome.spread for outcome in fresh.outcomes]
        assert kept.comparisons == fresh.comparisons
        assert BakeoffResult.from_folder(tmp_path) == kept


def test_shares_that_hardly_differ_are_kept_apart(timed: lt.Interactions, tmp_path: Path) -> None:
    """Two shares that look alike when rounded, but part after another row."""
    counts = timed.user_counts[timed.user_counts > 0]
    edge = 7 / counts.max()
    shares = (edge, edge * (1 + 1e-7))
    folds = Bakeoff(timed, ["bias"], "leave-one-out", curve=shares)._curve_folds
    assert len({fold.name for fold in folds.values()}) == len(folds) == 2
    run = Bakeoff(timed, ["bias"], "leave-one-out", curve=shares)
    assert run.run(progress=False, folder=tmp_path).outcomes[0].curve == run.run(progress=False).outcomes[0].curve


def test_what_was_made_while_more_leaks_were_accepted_is_made_again(films: lt.Interactions, tmp_path: Path) -> None:
    def fits(accept: tuple[str, ...]) -> int:
        before = Counted.fits
        Bakeoff(films, [Counted()], accept=accept).run(progress=False, folder=tmp_path)
        return Counted.fits - before

    assert fits(("learned-elsewhere",)) == 2
    assert fits(("learned-elsewhere",)) == 0
    assert fits(()) == 2
    assert fits(("learned-elsewhere", "features")) == 0  # clean by stricter rules is clean

"""Learning curves: nested parts, the same test part at every point, and figures that are those of that part."""

from __future__ import annotations

import numpy as np
import pytest

import longtail as lt
from longtail.errors import ConfigError, DataError
from longtail.evaluation import learning_curve, measures
from longtail.evaluation.bakeoff import Bakeoff, BakeoffResult
from longtail.evaluation.learning_curve import checked_shares, part_of, smaller
from longtail.evaluation.report import render

SHARES = (0.2, 0.5, 1.0)


@pytest.fixture(scope="module")
def data() -> lt.Interactions:
    return lt.datasets.synthetic(users=60, items=40, ratings=900, seed=2)


@pytest.fixture(scope="module")
def made(data: lt.Interactions) -> BakeoffResult:
    return Bakeoff(data, ["bias", "popular"], curve=SHARES).run(progress=False)


@pytest.mark.parametrize("order", ["random", "earliest"])
def test_parts_are_nested_and_everybody_keeps_a_share(data: lt.Interactions, order: str) -> None:
    parts = [part_of(data, share, order) for share in (0.1, 0.5, 1.0)]
    pairs = [set(zip(part.users.tolist(), part.items.tolist(), strict=True)) for part in parts]
    assert pairs[0] < pairs[1] < pairs[2]
    assert len(parts[2]) == len(data)
    for share, part in zip((0.1, 0.5, 1.0), parts, strict=True):
        assert (part.user_counts == np.ceil(share * data.user_counts - 1e-9)).all()
    if order == "earliest":
        for user in range(5):
            left, right = (part.times[part.users == user] for part in (parts[1], data))
            assert sorted(left) == sorted(right)[: len(left)]


def test_random_parts_depend_on_the_seed(data: lt.Interactions) -> None:
    first, again, other = (part_of(data, 0.5, seed=seed).fingerprint for seed in (0, 0, 1))
    assert first == again != other


def test_every_point_is_judged_on_the_same_test_part(data: lt.Interactions, made: BakeoffResult) -> None:
    bakeoff = Bakeoff(data, ["bias"], curve=SHARES)
    folds = {fold.name: fold for fold in bakeoff.folds}
    for (name, share), fold in bakeoff._curve_folds.items():
        assert fold.test is folds[name].test
        assert len(fold.train) < len(folds[name].train)
        assert share < 1
    hidden = folds["hidden ratings"]
    model = lt.make("bias").fit(part_of(hidden.train, 0.5, seed=0))
    expected = float(measures.accuracy(model.predict_ratings(hidden.test))["rmse"])
    point = next(point for point in made.outcomes[0].curve if point["share"] == 0.5)
    assert point["figures"]["rmse"]["value"] == pytest.approx(expected)


def test_all_of_the_data_is_the_bakeoff_itself(made: BakeoffResult) -> None:
    for outcome in made.outcomes:
        last = outcome.curve[-1]
        assert last["share"] == 1
        for key in ("rmse", "hit_rate"):
            figure = last["figures"][key]
            assert figure["value"] == pytest.approx(outcome.values[key])
            assert figure["users"] == outcome.users[key]


def test_curves_leave_the_figures_and_the_costs_alone(data: lt.Interactions, made: BakeoffResult) -> None:
    plain = Bakeoff(data, ["bias", "popular"]).run(progress=False)
    assert plain.curve == {}
    assert "curves" not in render(plain)
    for one, other in zip(plain.outcomes, made.outcomes, strict=True):
        assert one.curve == []
        assert {key: one.values[key] for key in one.users} == {key: other.values[key] for key in other.users}


def test_they_are_kept_read_back_and_drawn(made: BakeoffResult) -> None:
    again = BakeoffResult.from_json(made.to_json())
    assert again.curve == {"shares": [0.2, 0.5, 1.0], "order": "random"}
    assert [one.curve for one in again.outcomes] == [one.curve for one in made.outcomes]
    html = render(again)
    assert 'id="curves"' in html
    assert "20% of the rows" in html or "0.2 of the rows" in html


def test_a_run_in_a_folder_goes_on_with_its_curve(
    data: lt.Interactions, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Bakeoff(data, ["bias"], curve=SHARES).run(progress=False, folder=tmp_path / "run")
    monkeypatch.setattr("longtail.evaluation.bakeoff.contest.Trial", None)  # nothing may be run again
    again = Bakeoff(data, ["bias"], curve=SHARES).run(progress=False, folder=tmp_path / "run")
    assert again.outcomes[0].curve == first.outcomes[0].curve


def test_shares_that_are_nearly_the_same_are_parts_of_their_own(data: lt.Interactions) -> None:
    fold = Bakeoff(data, ["bias"]).folds[0]
    assert smaller(fold, 0.12341, "random", 0).name != smaller(fold, 0.12344, "random", 0).name


@pytest.mark.parametrize(
    ("shares", "order"), [([0.0], "random"), ([1.2], "random"), ([True], "random"), ([0.5], "late")]
)
def test_impossible_curves(shares: list[float], order: str) -> None:
    with pytest.raises(ConfigError):
        checked_shares(shares, order)


def test_the_earliest_need_times(clicks: lt.Interactions) -> None:
    with pytest.raises(DataError, match="random"):
        part_of(clicks, 0.5, "earliest")
    assert learning_curve.FIGURES

"""Protocols: the same splits for all, the floor on other scales, and sentences that say what was done."""

from __future__ import annotations

import dataclasses
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

import longtail as lt
from longtail.data import splits
from longtail.errors import ConfigError, DataError
from longtail.evaluation.bakeoff import Bakeoff, BakeoffResult
from longtail.evaluation.protocols import PROTOCOLS, Classic, Fold, Protocol, from_plain, named


def folds_of(protocol: Protocol, data: lt.Interactions) -> dict[str, Fold]:
    return {fold.name: fold for fold in protocol.folds(data)}


def test_splits_cover_the_data_and_hide_one_row_a_user(films: lt.Interactions) -> None:
    folds = folds_of(Classic(seed=4), films)
    assert list(folds) == ["hidden ratings", "one left out", "all data"]
    for name in ("hidden ratings", "one left out"):
        train, test = folds[name].train, folds[name].test
        assert test is not None
        assert len(train) + len(test) == len(films)
        assert train.by_user.multiply(test.by_user).nnz == 0
        assert train.user_ids is films.user_ids
    assert len(folds["hidden ratings"].test) == pytest.approx(0.25 * len(films), abs=1)
    left_out = folds["one left out"].test
    assert left_out.user_counts.max() == 1
    assert np.array_equal(left_out.user_counts > 0, films.user_counts > 1)
    assert folds["all data"].train is films


def test_sizes_count_what_training_has_never_seen() -> None:
    rows = {"user": [1, 1, 1, 2, 2, 3], "item": [1, 2, 3, 1, 9, 1], "rating": [5.0, 4.0, 3.0, 2.0, 4.0, 1.0]}
    fold = folds_of(Classic(seed=0), lt.Interactions.from_frame(rows))["one left out"]
    cold = set(fold.test.items.tolist()) - set(fold.train.items.tolist())
    rows_and_users = {"train_rows": 4, "test_rows": 2, "test_users": 2, "cold_users": 0}
    assert fold.sizes() == {**rows_and_users, "test_items": len(set(fold.test.items)), "cold_items": len(cold)}


def test_a_fold_that_hides_nothing_cannot_ask_for_it(films: lt.Interactions) -> None:
    with pytest.raises(ConfigError, match="hides nothing"):
        Fold(name="all", train=films, asks=("hits",))


def test_data_in_which_nothing_can_be_hidden() -> None:
    data = lt.Interactions.from_frame({"user": [1, 2], "item": [1, 1], "rating": [5.0, 4.0]})
    with pytest.raises(DataError, match="longer histories"):
        Classic().folds(data)


@pytest.mark.parametrize(
    ("scale", "level"),
    [
        ((1, 5), 4.0),
        ((0.5, 5), 4.0),
        ((1, 10), 8.0),
        ((0, 1), 0.8),
        ((-10, 0), 0.0),
        ((-10, -1), -1.2),
        ((0, 100), 80.0),
    ],
)
def test_four_of_five_stars_on_another_scale(scale: tuple[float, float], level: float) -> None:
    rows = {"user": [1, 1], "item": [1, 2], "rating": list(map(float, scale))}
    protocol = named("classic", lt.Interactions.from_frame(rows, scale=scale))
    assert (protocol.floor, protocol.relevant) == (pytest.approx(level), pytest.approx(level))


def test_no_floor_without_ratings(clicks: lt.Interactions) -> None:
    assert named("classic", clicks).floor is None
    assert list(folds_of(Classic(), clicks)) == ["one left out", "all data"]


@pytest.mark.parametrize("wrong", [{"n": 0}, {"n": 2.5}, {"n": True}, {"holdout": 0.0}, {"holdout": 1.0}])
def test_impossible_values(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        Classic(**wrong)


def test_a_level_above_the_scale(films: lt.Interactions) -> None:
    for wrong in (Classic(floor=5.5), Classic(relevant=7)):
        with pytest.raises(ConfigError, match="above the highest rating, 5"):
            wrong.folds(films)


def test_sentences_follow_the_values() -> None:
    protocol = Classic(n=7, floor=3.5, holdout=0.4)
    said = " ".join(protocol.questions(explicit=True))
    assert "40%" in said
    assert "7 best items" in said
    assert "at least 3.5" in said
    assert "floor" not in " ".join(Classic(floor=None).questions(explicit=True))
    assert any("mix times" in caveat for caveat in protocol.caveats(explicit=True))
    assert len(protocol.questions(explicit=False)) == 2


# -- every protocol ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def timed() -> lt.Interactions:
    return lt.datasets.synthetic(users=60, items=80, ratings=1_500, seed=4)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_protocol_says_what_it_is(name: str) -> None:
    protocol = named(name)
    assert protocol.name == name
    assert protocol.question.endswith("?")
    assert protocol.leaks
    assert protocol.suits
    described = protocol.described()
    assert [entry for entry, _, _ in described] == list(protocol.parameters())
    assert all(meaning and "\n" not in meaning for _, _, meaning in described)
    for explicit in (True, False):
        said = [*protocol.questions(explicit=explicit), *protocol.caveats(explicit=explicit)]
        assert all(sentence[0].isupper() and sentence.endswith(".") and "  " not in sentence for sentence in said)
    assert from_plain(name, json.loads(json.dumps(protocol.parameters()))) == protocol
    assert named(f"{name}:{','.join(f'{key}={value}' for key, value, _ in described)}") == protocol


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_protocol_runs_and_is_kept(name: str, timed: lt.Interactions) -> None:
    found = Bakeoff(timed, ["random", "popular"], name, n=5).run(progress=False)
    assert [outcome.error for outcome in found.outcomes] == [None, None]
    assert all(outcome.values for outcome in found.outcomes)
    asked = {"ratings": "rmse", "ranking": "ndcg", "beyond": "novelty"}
    for question, key in asked.items():
        assert (key in found.outcomes[0].values) == (question in found.protocol.asks)
    assert BakeoffResult.from_json(found.to_json()) == found
    own = [f"{key} {value}" for key, value in found.protocol.own_parameters().items()]
    assert all(entry in found.setting for entry in [name, "lists of 5", "seed 0", *own])


@pytest.mark.parametrize("name", PROTOCOLS)
def test_the_seed_decides_and_folds_are_called_unlike(name: str, timed: lt.Interactions) -> None:
    def hidden(seed: int) -> list[str]:
        folds = dataclasses.replace(named(name), seed=seed).folds(timed)
        assert len({fold.name for fold in folds}) == len(folds)
        return [fold.test.fingerprint for fold in folds if fold.test is not None]

    assert hidden(3) == hidden(3)
    assert (hidden(3) == hidden(4)) == (
        name in {"leave-last-out", "temporal", "sliding-window", "next-item", "every-click", "rest-of-session"}
    )


@pytest.mark.parametrize("name", [name for name, kind in PROTOCOLS.items() if kind.leaks == "nothing"])
def test_where_nothing_leaks_train_is_earlier(name: str, timed: lt.Interactions) -> None:
    for fold in named(name).folds(timed):
        assert fold.train.times.max() < fold.test.times.min()
        assert fold.given is None or fold.train.times.max() < fold.given.times.min()
    of_beginnings = {"given-hidden", "twin-users"} if name == "every-click" else set()  # each answered by itself
    assert PROTOCOLS[name].accepts == of_beginnings


def test_levels_of_a_spec_stay_as_written() -> None:
    rows = {"user": [1, 1], "item": [1, 2], "rating": [2.0, 10.0]}
    data = lt.Interactions.from_frame(rows, scale=(1, 10))
    assert named("leave-one-out", data).relevant == 8.0
    assert named("leave-one-out:relevant=6,floor=5", data).relevant == 6.0
    assert named("leave-one-out:relevant=6,floor=5", data).floor == 5.0


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("tempral", r"no protocol 'tempral' \(did you mean temporal\?\); choose from classic, rating-holdout"),
        ("temporal:fractoin=0.1", "Temporal has no parameter 'fractoin'; did you mean fraction?"),
        ("temporal:fraction=2", "fraction must lie between 0 and 1, such as 0.25, not 2.0"),
        ("temporal:fraction=much", "fraction must be a number, not 'much'"),
        ("temporal:fraction", "write parameters as temporal:parameter=value"),
        ("k-fold:k=1", "KFold: k must be at least 2, not 1"),
        ("k-fold:n=0", "n must be a whole number of at least 1, not 0"),
        ("rating-holdout:sampled=100", "rating-holdout makes no lists"),
        ("leave-one-out:sampled=0", "sampled must be at least 1, not 0"),
        ("leave-one-out:sampling=often", "sampling must be one of uniform, popularity, not 'often'"),
        ("user-cold-start:given=-1", "given must be at least 0, not -1"),
        ("strong-generalization:given=1", "given must lie between 0 and 1"),
    ],
)
def test_a_spec_that_cannot_be(spec: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        named(spec)
    assert "\n" not in str(caught.value)


def test_data_that_a_protocol_cannot_use(films: lt.Interactions, clicks: lt.Interactions) -> None:
    for spec in ("temporal", "sliding-window", "leave-last-out", "next-item", "rest-of-session"):
        with pytest.raises(DataError, match="needs times, and these data have none"):
            named(spec).folds(films)
    with pytest.raises(DataError, match="rating-holdout asks for ratings"):
        named("rating-holdout").folds(clicks)
    with pytest.raises(DataError, match="can be drawn by popularity; use sampling=uniform"):
        named("item-cold-start:sampled=5,sampling=popularity").folds(films)
    with pytest.raises(ConfigError, match="above the highest rating"):
        named("k-fold:relevant=6").folds(films)


def test_only_known_users_are_asked(timed: lt.Interactions) -> None:
    (everyone,) = named("temporal:fraction=0.5").folds(timed)
    (known,) = named("temporal:fraction=0.5,new-users=false").folds(timed)
    assert everyone.sizes()["cold_users"] > 0
    assert known.sizes()["cold_users"] == 0
    assert set(known.asked) < set(everyone.asked)
    rows = {"user": [1, 1, 2, 2], "item": [1, 2, 1, 2], "timestamp": [1, 2, 3, 4]}
    with pytest.raises(DataError, match="every user is new"):
        named("temporal:fraction=0.5,new-users=false").folds(lt.Interactions.from_frame(rows))


def test_sessions_are_the_users() -> None:
    clicks = lt.datasets.World(users=70, items=60, seed=5).clicks(1_200)
    bakeoff = Bakeoff(clicks, ["popular"], "next-item")
    found = bakeoff.run(progress=False)
    assert found.data["users"] == len(set(clicks.sessions.tolist()))
    assert found.sample.interactions == np.count_nonzero(clicks.sessions == found.sample.id)


# -- items that nobody has met -----------------------------------------------------------------------------------------


def test_what_each_algorithm_did_with_new_items(timed: lt.Interactions) -> None:
    found = Bakeoff(timed, ["ease", "bias", "content-knn"], "item-cold-start").run(progress=False)
    notes = {outcome.label: " ".join(outcome.notes) for outcome in found.outcomes}
    assert notes["ease"] == "lists no item that nobody has met"
    assert found.outcomes[0].values["hit_rate"] == 0
    assert notes["bias"].endswith("100% of the places, all with the same score: their order says nothing")
    assert "in 100% of its lists" in notes["content-knn"]
    assert "same score" not in notes["content-knn"]
    among_all = Bakeoff(timed, ["content-knn"], "item-cold-start:candidates=all").run(progress=False)
    assert among_all.outcomes[0].notes
    assert "100% of the places" not in among_all.outcomes[0].notes[0]
    assert not Bakeoff(timed, ["ease"], "temporal").run(progress=False).outcomes[0].notes[1:]


def test_the_order_of_ids_tells_nothing_of_new_items() -> None:
    """Items listed the best known first: whoever scores new items alike must not find the best known of them."""
    rng = np.random.default_rng(0)
    met = rng.random((150, 60)) < np.linspace(0.8, 0.02, 60)
    users, items = np.nonzero(met)
    data = lt.Interactions.from_frame({"user": users, "item": items})
    figures = []
    for seed in range(20):
        (fold,) = named(f"item-cold-start:share=0.5,seed={seed}").folds(data)
        models = [lt.make(name).fit(fold.train) for name in ("popular", "random")]
        lists = [model.recommend(fold.asked, 3, candidates=fold.allowed) for model in models]
        figures.append([lt.metrics.precision(made, fold.test) for made in lists])
    alike, chance = np.mean(figures, axis=0)
    assert alike == pytest.approx(chance, abs=0.08)
    protocol = named("item-cold-start")
    again = protocol.view(data)
    assert protocol.view(again) is again
    assert sorted(again.item_ids) == sorted(data.item_ids)
    frame = data.to_frame().sort("user", "item")
    assert again.to_frame().sort("user", "item").equals(frame)


# -- sampled negatives stand under their name --------------------------------------------------------------------------


def test_no_table_carries_a_sampled_figure_unlabelled(timed: lt.Interactions, tmp_path: Path) -> None:
    found = Bakeoff(timed, ["popular", "bias"], "leave-one-out:sampled=25,sampling=popularity").run(progress=False)
    label = "25 sampled negatives (by popularity)"
    console = Console(width=200, record=True, file=io.StringIO())
    found.show(console)
    said = console.export_text()
    headings = [line for line in said.splitlines() if re.search("hits,|ranking,|which differences", line)]
    assert len(headings) > 1
    assert all(line.count(f"among {label}") == len(re.findall("hits,|ranking,|which", line)) for line in headings)
    assert f"ranked among {label} only" in said
    assert found.to_frame()["ranked_among"].unique().to_list() == [label]
    assert label in found.to_csv(tmp_path / "figures.csv").read_text(encoding="utf-8")
    assert json.loads(found.to_json())["ranked_among"] == label
    assert json.loads(found.to_json())["protocol"]["sampled"] == 25
    assert any("may put algorithms in another order" in caveat for caveat in found.caveats)
    page = found.to_html(tmp_path / "report.html").read_text(encoding="utf-8")
    tables = re.findall(r"<table.*?</table>", page, re.DOTALL)
    titled = re.findall(r"<section.*?</section>", page, re.DOTALL)
    assert tables
    for section in titled:
        words = ("hit rate", "NDCG", "HR", "precision")
        if any(f"{word}<" in section or f"{word} ↑" in section for word in words):
            assert f"among {label}" in section
    full = Bakeoff(timed, ["popular", "bias"], "leave-one-out").run(progress=False)
    assert full.to_frame()["ranked_among"].unique().to_list() == ["all items"]
    assert "sampled negatives" not in full.to_html(tmp_path / "report.html").read_text(encoding="utf-8")


def test_headings_stand_on_one_line_each(timed: lt.Interactions) -> None:
    found = Bakeoff(timed, ["popular", "bias"], "temporal:sampled=25").run(progress=False)
    console = Console(width=200, record=True, file=io.StringIO())
    found.show(console)
    said = console.export_text()
    rows = [line for line in said.splitlines() if line.startswith(("popular", "bias"))]
    assert all(re.search(r"\d\.\d{4}", row) for row in rows[:2])
    assert "ranking, among 25 sampled negatives" in said


def test_what_no_sample_changes_is_not_said_to_be_sampled(timed: lt.Interactions) -> None:
    found = Bakeoff(timed, ["popular", "bias"], "temporal:sampled=25").run(progress=False)
    console = Console(width=200, record=True, file=io.StringIO())
    found.show(console)
    titles = [line.strip() for line in console.export_text().splitlines() if "which differences are real" in line]
    assert [title.endswith("among 25 sampled negatives") for title in titles] == [False, True, True]


def test_the_seed_decides_the_negatives(timed: lt.Interactions) -> None:
    drawn = [named(f"leave-last-out:sampled=5,seed={seed}").folds(timed)[0].negatives for seed in (3, 3, 4)]
    assert np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])


def test_negatives_are_drawn_evenly_or_by_popularity() -> None:
    """Half of the items are met ten times as often as the others."""
    rng = np.random.default_rng(0)
    popular = np.arange(20) < 10
    users, items = np.nonzero(rng.random((2_000, 20)) < np.where(popular, 0.5, 0.05))
    data = lt.Interactions.from_frame({"user": users, "item": items})
    rates = {}
    for how in ("uniform", "popularity"):
        (fold,) = named(f"leave-one-out:sampled=1,sampling={how}").folds(data)
        unmet = 2_000 - data.item_counts
        drawn = np.bincount(fold.negatives[fold.negatives >= 0], minlength=data.n_items) / unmet
        often = popular[data.item_ids.values]
        rates[how] = drawn[often].mean() / drawn[~often].mean()
    assert 0.9 < rates["uniform"] < 1.4  # who has met much has little else to be drawn
    assert rates["popularity"] > 5


def test_sampling_raises_figures(timed: lt.Interactions) -> None:
    figures = [
        Bakeoff(timed, ["popular"], spec).run(progress=False).outcomes[0].values["hit_rate"]
        for spec in ("leave-one-out", "leave-one-out:sampled=25")
    ]
    assert figures[0] < figures[1]


# -- what is written on the edge of what can be ------------------------------------------------------------------------


def test_short_histories_are_not_asked() -> None:
    rows = {"user": [1] * 4 + [2] * 3, "item": [1, 2, 3, 4, 1, 2, 3], "timestamp": range(7)}
    data = lt.Interactions.from_frame(rows)
    for name in ("leave-one-out", "leave-last-out"):
        assert named(name).folds(data)[0].asked == [1, 2]
        assert named(f"{name}:min-history=4").folds(data)[0].asked == [1]


def test_a_moment_beyond_any_calendar_is_said_as_a_number() -> None:
    for moment in (10**13, 10**30):
        assert f"what came from {moment} on is hidden" in named(f"temporal:at={moment}").questions(explicit=False)[0]


def test_more_turns_than_rows(films: lt.Interactions) -> None:
    with pytest.raises(DataError, match=f"k-fold hides every row in one of 9,999 turns, and there are {len(films)} "):
        named("k-fold:k=9999").folds(films)


def test_a_sample_beyond_the_catalogue_takes_no_more_room_than_the_catalogue(films: lt.Interactions) -> None:
    (fold,) = named("leave-one-out:sampled=1000000000").folds(films)
    assert fold.negatives.shape == (len(fold.asked), films.n_items)
    met = films.user_counts[films.user_ids.index(fold.asked)]
    assert ((fold.negatives >= 0).sum(axis=1) == np.count_nonzero(films.item_counts) - met).all()


def test_sentences_of_one_and_of_several() -> None:
    def said(spec: str) -> str:
        return " ".join([*named(spec).questions(explicit=False), *named(spec).caveats(explicit=False)])

    assert "more than 1 interaction, drawn" in said("user-cold-start:given=1")
    assert "1 of the interactions of each, drawn at random, is given and the rest hidden" in said(
        "user-cold-start:given=1"
    )
    assert "2 of the interactions of each, the first by time, are given" in said("user-cold-start:given=2,which=last")
    assert "on is hidden. Each algorithm learns from everything before it." in said("temporal:at=86400")
    assert "hidden in turn. Each algorithm learns from the 30 days before them." in said("sliding-window:history=30")
    assert "Random splits" in said("item-cold-start")
    assert "Random splits" not in said("item-cold-start:which=newest")


# -- every parameter reaches its split ---------------------------------------------------------------------------------

MOMENT = 1_650_000_000
SPLITS: dict[str, Callable[[lt.Interactions], list[Any]]] = {
    "classic:holdout=0.4,seed=3": lambda data: [
        splits.random_holdout(data, 0.4, seed=3),
        splits.leave_one_out(data, seed=3),
    ],
    "rating-holdout:holdout=0.4,per=user,seed=3": lambda data: [splits.random_holdout(data, 0.4, per="user", seed=3)],
    "k-fold:k=3,seed=3": lambda data: list(splits.k_fold(data, 3, seed=3)),
    "leave-one-out:seed=3": lambda data: [splits.leave_one_out(data, seed=3)],
    "leave-last-out": lambda data: [splits.leave_one_out(data, which="last")],
    "temporal:fraction=0.3": lambda data: [splits.by_time(data, fraction=0.3)],
    f"temporal:at={MOMENT}": lambda data: [splits.by_time(data, at=MOMENT)],
    "sliding-window:windows=2,fraction=0.4": lambda data: list(splits.sliding_windows(data, 2, fraction=0.4)),
    "sliding-window:windows=2,days=150,history=300": lambda data: list(
        splits.sliding_windows(data, 2, days=150, history=300)
    ),
    "next-item:fraction=0.4,which=random,min-length=4,seed=3": lambda data: [
        splits.next_in_session(data, fraction=0.4, which="random", min_length=4, seed=3)
    ],
    f"next-item:at={MOMENT}": lambda data: [splits.next_in_session(data, at=MOMENT)],
    "every-click:fraction=0.4,min-length=4": lambda data: [splits.every_click(data, fraction=0.4, min_length=4)],
    f"every-click:at={MOMENT}": lambda data: [splits.every_click(data, at=MOMENT)],
    "rest-of-session:fraction=0.4,given=0.3,min-length=4": lambda data: [
        splits.rest_of_session(data, fraction=0.4, given=0.3, min_length=4)
    ],
    f"rest-of-session:at={MOMENT}": lambda data: [splits.rest_of_session(data, at=MOMENT)],
    "strong-generalization:share=0.4,given=0.3,which=last,min-history=25,seed=3": lambda data: [
        splits.unseen_users(data, 0.4, given=0.3, which="last", min_history=25, seed=3)
    ],
    "user-cold-start:share=0.4,given=3,which=last,seed=3": lambda data: [
        splits.cold_users(data, 0.4, given=3, which="last", seed=3)
    ],
    "item-cold-start:share=0.4,which=newest,seed=3": lambda data: [splits.cold_items(data, 0.4, which="newest")],
    "item-cold-start:share=0.4,seed=3": lambda data: [splits.cold_items(data, 0.4, seed=3)],
}


@pytest.mark.parametrize("spec", SPLITS)
def test_every_parameter_reaches_its_split(spec: str, timed: lt.Interactions) -> None:
    protocol = named(spec)
    folds = [fold for fold in protocol.folds(timed) if fold.test is not None]
    expected = SPLITS[spec](protocol.view(timed))
    assert len(folds) == len(expected)
    for fold, parts in zip(folds, expected, strict=True):
        assert fold.train.fingerprint == parts.train.fingerprint
        assert fold.test.fingerprint == parts.test.fingerprint
        assert (fold.given is None) == (not isinstance(parts, splits.GivenSplit))
        if fold.given is not None:
            assert fold.given.fingerprint == parts.given.fingerprint


def test_no_parameter_is_without_its_split() -> None:
    """Each that divides the data stands above with a value that is not the default."""
    kept = {
        "new_users",
        "lists",
        "candidates",
        "exclude",
        "ties",
    }  # of what is asked, not of what is hidden; tested by themselves
    shared = {entry.name for entry in dataclasses.fields(Protocol)}
    min_history = {("leave-one-out", "min_history"), ("leave-last-out", "min_history")}  # test_short_histories
    for name, cls in PROTOCOLS.items():
        usual, chosen = cls().parameters(), [named(spec) for spec in SPLITS if spec.partition(":")[0] == name]
        for parameter in set(usual) - shared - kept:
            moved = any(one.parameters()[parameter] != usual[parameter] for one in chosen)
            assert moved or (name, parameter) in min_history, f"{name}: {parameter}"

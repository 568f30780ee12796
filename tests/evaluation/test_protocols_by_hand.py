"""The figures of every protocol against loops over dense arrays, on an algorithm whose scores are known beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest

import longtail as lt
from longtail.algorithms.base import FoldIn
from longtail.algorithms.powers import PredictsRatings
from longtail.evaluation import protocols
from longtail.evaluation.bakeoff import Bakeoff
from longtail.evaluation.protocols import PROTOCOLS, Fold

WEIGHTS = np.random.default_rng(7).normal(size=(200, 200)).astype(np.float32)


@dataclass(kw_only=True)
class Laid(PredictsRatings):
    """Scores are the histories times weights laid down beforehand; ratings follow from the two indices."""

    fold_in: ClassVar[FoldIn] = "exact"
    scores_are_ratings: ClassVar[bool] = False

    def _fit(self, train: Any, catalog: Any) -> None:
        self.weights_ = WEIGHTS[: train.n_items, : train.n_items]

    def _score_histories(self, histories: Any) -> Any:
        return (histories.toarray() @ self.weights_).astype(np.float32)

    def _predict_pairs(self, users: Any, items: Any) -> Any:
        return estimate(users, items), (users + items) % 3 == 0


def estimate(users: Any, items: Any) -> Any:
    return (1.5 + ((np.asarray(users) * 7 + np.asarray(items) * 3) % 29) / 10).astype(np.float32)


@pytest.fixture(scope="module")
def ratings() -> lt.Interactions:
    return lt.datasets.synthetic(users=60, items=80, ratings=1_500, seed=4)


@pytest.fixture(scope="module")
def clicks() -> lt.Interactions:
    return lt.datasets.World(users=70, items=60, seed=5).clicks(1_200)


def lists_by_hand(fold: Fold, n: int) -> Iterator[tuple[int, list[int], list[int]]]:
    """For every user asked: the index, the list and the hidden items."""
    assert fold.test is not None
    known = (fold.given if fold.given is not None else fold.train).by_user.toarray()
    met = np.zeros(known.shape, bool)
    part = fold.given if fold.given is not None else fold.train
    met[part.users, part.items] = True
    weights = WEIGHTS[: fold.train.n_items, : fold.train.n_items]
    for row, user in enumerate(sorted(set(fold.test.users.tolist()))):
        hidden = fold.test.items[fold.test.users == user].tolist()
        scores = (known[[user]] @ weights)[0].astype(np.float32)
        allowed = set(range(fold.train.n_items)) if fold.candidates is None else set(fold.candidates.tolist())
        if fold.negatives is not None:
            allowed = {*hidden, *fold.negatives[row][fold.negatives[row] >= 0].tolist()}
        tied = hidden if fold.ties == "worst" else []
        listable = (item for item in allowed if fold.exclude == "none" or not met[user, item])
        order = sorted(listable, key=lambda item: (-scores[item], item in tied, item))
        yield user, order[:n], hidden


def figures_by_hand(folds: list[Fold], n: int) -> dict[str, float]:
    """Every figure, as a mean over the folds."""
    found: dict[str, list[float]] = {}
    for fold in folds:
        per_user: dict[str, list[float]] = {}
        if "ratings" in fold.asks:
            errors = [
                float(np.clip(estimate(user, item), *fold.train.scale)) - float(value)
                for user, item, value in zip(fold.test.users, fold.test.items, fold.test.values, strict=True)
            ]
            found.setdefault("rmse", []).append(float(np.sqrt(np.mean(np.square(errors)))))
            found.setdefault("mae", []).append(float(np.mean(np.abs(errors))))
        for _, listed, hidden in lists_by_hand(fold, n) if set(fold.asks) & {"hits", "ranking"} else ():
            ranks = [rank for rank, item in enumerate(listed, start=1) if item in hidden]
            ideal = sum(1 / np.log2(1 + rank) for rank in range(1, min(n, len(hidden)) + 1))
            figures = {"hit_rate": float(bool(ranks)), "arhr": sum(1 / rank for rank in ranks)}
            if "ranking" in fold.asks:
                figures["precision"] = len(ranks) / n
                figures["recall"] = len(ranks) / len(hidden)
                figures["ndcg"] = sum(1 / np.log2(1 + rank) for rank in ranks) / ideal
                figures["mrr"] = 1 / ranks[0] if ranks else 0.0
                so_far = sum((place + 1) / rank for place, rank in enumerate(ranks))
                figures["mean_average_precision"] = so_far / min(n, len(hidden))
            for name, value in figures.items():
                per_user.setdefault(name, []).append(value)
        for name, values in per_user.items():
            found.setdefault(name, []).append(float(np.mean(values)))
    return {name: float(np.mean(values)) for name, values in found.items()}


SPECS = (
    *(name for name in PROTOCOLS if name != "classic"),
    "classic:floor=none",
    "rating-holdout:holdout=0.4,per=user",
    "k-fold:k=3,lists=false",
    "leave-one-out:min-history=4",
    "leave-one-out:sampled=15",
    "leave-last-out:sampled=10,sampling=popularity",
    "temporal:fraction=0.3,new-users=false",
    "temporal:at=1650000000",
    "temporal:sampled=20",
    "sliding-window:windows=2,days=150,history=400",
    "next-item:which=random,min-length=3",
    "next-item:sampled=12",
    "every-click:exclude=seen,ties=index,min-length=3",
    "rest-of-session:given=0.3,fraction=0.4",
    "strong-generalization:share=0.4,given=0.5,which=last",
    "strong-generalization:sampled=9",
    "item-cold-start:which=newest,candidates=all",
    "item-cold-start:sampled=5",
    "user-cold-start:given=3,which=last",
    "user-cold-start:sampled=30,sampling=popularity",
)


@pytest.mark.parametrize("kind", ["ratings", "clicks"])
@pytest.mark.parametrize("spec", SPECS)
def test_figures(spec: str, kind: str, request: pytest.FixtureRequest) -> None:
    data: lt.Interactions = request.getfixturevalue(kind)
    if kind == "clicks" and (spec.startswith("rating-holdout") or "lists=false" in spec):
        with pytest.raises(lt.errors.DataError, match="asks for ratings, and these data have none"):
            Bakeoff(data, [Laid()], spec)
        return
    bakeoff = Bakeoff(data, [Laid()], spec, n=5)
    (outcome,) = bakeoff.run(progress=False).outcomes
    assert outcome.error is None
    wanted = figures_by_hand(bakeoff.folds, 5)
    assert wanted
    assert {name: outcome.values[name] for name in wanted} == pytest.approx(wanted, abs=1e-6)
    assert ("rmse" in outcome.values) == ("rmse" in wanted)
    assert any(value > 0 for value in wanted.values())


@pytest.mark.parametrize("algorithm", ["ease", "item-knn", "svd", "implicit-als", "popular"])
@pytest.mark.parametrize("spec", ["strong-generalization", "user-cold-start:given=2", "user-cold-start"])
def test_people_who_are_not_in_train_are_folded_in(ratings: lt.Interactions, algorithm: str, spec: str) -> None:
    (fold,) = protocols.named(spec).folds(ratings)
    assert fold.given is not None
    assert fold.test is not None
    model = lt.make(algorithm).fit(fold.train)
    histories = []
    for user in fold.asked or []:
        mine = fold.given.to_frame().filter(user=user)
        histories.append(dict(zip(mine["item"], mine["rating"], strict=True)))
    assert len(set(map(len, histories))) == 1 or spec == "strong-generalization"
    folded = model.recommend_for(histories, 7)
    made = model.recommend_for(fold.given, 7, users=fold.asked)
    assert np.array_equal(made.items, folded.items)
    assert made.user_ids[made.users].tolist() == fold.asked


@pytest.mark.parametrize("spec", [spec for spec in SPECS if "sampled" in spec])
def test_negatives_are_no_part_of_a_history(ratings: lt.Interactions, clicks: lt.Interactions, spec: str) -> None:
    for given in (ratings, clicks):
        protocol = protocols.named(spec)
        data = protocol.view(given)
        for fold in protocol.folds(given):
            assert fold.negatives is not None
            assert "beyond" not in fold.asks
            asked = data.user_ids.index(fold.asked)
            assert len(fold.negatives) == len(asked)
            for user, items in zip(asked, fold.negatives, strict=True):
                history = set(data.items[data.users == user].tolist())
                drawn = items[items >= 0].tolist()
                assert drawn
                assert not history & set(drawn)
                assert len(set(drawn)) == len(drawn)
                assert fold.candidates is None or set(drawn) <= set(fold.candidates.tolist())
            assert np.array_equal(protocols.named(spec).folds(given)[0].negatives, protocol.folds(given)[0].negatives)

"""The contract, kept by every registered algorithm; and the suite itself, on algorithms that break it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar
from unittest import SkipTest

import numpy as np
import pytest

import longtail.testing
from longtail import registry
from longtail.algorithms.base import FoldIn
from longtail.algorithms.baseline import Popular
from longtail.errors import ConfigError
from longtail.kernels.parallel import threads
from longtail.params import hyper
from longtail.testing import Contract

ALIKE = "everyone gets the same order of items"
CHANCE = "chance knows no taste"
ONES = "it learns from how ratings differ, and here they are all one"
AVERAGES = "its differences are averages over everyone, and those of two opposite tastes cancel out"
NEXT = "of some forty people, too few met anything directly after the last item to fill a list"
EXEMPT = {
    "random": {
        "test_recovers_the_explicit_toy_world": CHANCE,
        "test_recovers_the_implicit_toy_world": CHANCE,
        "test_predictions_recover_the_toy_world": CHANCE,
        "test_fallback_is_the_same_for_all": "every history draws a list of its own",
    },
    "popular": {
        "test_recovers_the_explicit_toy_world": ALIKE,
        "test_recovers_the_implicit_toy_world": ALIKE,
        "test_predictions_recover_the_toy_world": ALIKE,
    },
    "bias": {
        "test_recovers_the_explicit_toy_world": ALIKE,
        "test_recovers_the_implicit_toy_world": ALIKE,
        "test_predictions_recover_the_toy_world": ALIKE,
        "test_strangers_get_what_they_like": ALIKE,
    },
    "click-lr": {
        "test_recovers_the_explicit_toy_world": ALIKE,
        "test_recovers_the_implicit_toy_world": ALIKE,
        "test_strangers_get_what_they_like": ALIKE,
    },
    "user-knn": {"test_recovers_the_implicit_toy_world": ONES},
    "item-knn": {"test_recovers_the_implicit_toy_world": ONES},
    "pca": {"test_recovers_the_implicit_toy_world": ONES},
    "slope-one": {
        "test_recovers_the_explicit_toy_world": AVERAGES,
        "test_recovers_the_implicit_toy_world": AVERAGES,
        "test_predictions_recover_the_toy_world": AVERAGES,
        "test_strangers_get_what_they_like": AVERAGES,
    },
    "co-clustering": {"test_recovers_the_implicit_toy_world": ONES},
    "svd": {"test_recovers_the_implicit_toy_world": ONES},
    "asvd": {"test_recovers_the_implicit_toy_world": ONES},
    "svdpp": {"test_recovers_the_implicit_toy_world": ONES},
    "fm": {"test_recovers_the_implicit_toy_world": ONES},
    "timesvdpp": {"test_recovers_the_implicit_toy_world": ONES},
    "pmf": {
        "test_recovers_the_implicit_toy_world": ONES,
        "test_reasons_are_of_the_same_taste": "without biases a dislike of the opposite is as good a reason as a like",
    },
    "bpmf": {"test_recovers_the_implicit_toy_world": ONES},
    "als": {"test_recovers_the_implicit_toy_world": ONES},
    **{name: {"test_recovers_the_implicit_toy_world": ONES} for name in ("autorec", "rbm", "conditional-rbm")},
    "markov": {
        "test_recovers_the_explicit_toy_world": NEXT,
        "test_recovers_the_implicit_toy_world": NEXT,
        "test_strangers_get_what_they_like": NEXT,
    },
    "blend": {"test_recovers_the_implicit_toy_world": ONES},
    "feature-combination": {"test_recovers_the_implicit_toy_world": ONES},
    "cascade": {"test_recovers_the_implicit_toy_world": ONES},
    "rank-fusion": {"test_recovers_the_implicit_toy_world": ONES},
}
"""What an algorithm cannot do by its nature. The suite fails where one of these is not needed."""

NETWORK = {"epochs": 60, "batch_size": 16, "learning_rate": 0.01}

CLICKS: dict[str, Any] = {"preference": "liked", "epochs": 40, "batch_size": 64, "learning_rate": 0.01, "history": 20}
SMALL: dict[str, dict[str, Any]] = {
    # In the explicit world everybody has met most items: only ratings tell them apart, and to these algorithms a low
    # rating is still a preference unless they are told to learn from what was liked.
    "implicit-item-knn": {"preference": "liked"},
    "implicit-als": {"preference": "liked", "factors": 4},
    "bpr": {"preference": "liked", "factors": 4},
    "warp": {"preference": "liked", "factors": 4},
    "logistic-mf": {"preference": "liked", "factors": 4, "regularization": 1.0},
    **{name: {"preference": "liked"} for name in ("ar", "sr", "markov", "sknn", "vsknn", "stan")},
    "cdae": {"preference": "liked", "factors": 16, "activation": "sigmoid", "dropout": 0.5, **NETWORK},
    "mult-dae": {"preference": "liked", "factors": 16, **NETWORK},
    "mult-vae": {"preference": "liked", "hidden": (16,), "factors": 8, **NETWORK},
    "lightgcn": {"preference": "liked", "factors": 8, "epochs": 30, "batch_size": 64, "learning_rate": 0.02},
    "autorec": {"factors": 8, "center": "mean", "regularization": 0.01, **NETWORK},
    "gru4rec": {
        "preference": "liked",
        "factors": 16,
        "batch_size": 8,
        "negatives": 32,
        "epochs": 10,
        "learning_rate": 0.05,
        "dropout": 0.2,
    },
    "transrec": {"preference": "liked", "factors": 8, "epochs": 60, "batch_size": 64, "learning_rate": 0.02},
    "fpmc": {
        "preference": "liked",
        "factors": 8,
        "epochs": 60,
        "batch_size": 64,
        "learning_rate": 0.02,
        "regularization": 0.01,
        "user_regularization": 0.001,
        "against": "unmet",
    },
    "neumf": {
        "preference": "liked",
        "factors": 8,
        "hidden": (16, 8),
        "epochs": 15,
        "batch_size": 64,
        "learning_rate": 0.02,
    },
    **{name: {"factors": 8, "momentum": 0.9, **NETWORK} for name in ("rbm", "conditional-rbm")},
    "click-fm": {**CLICKS, "factors": 4},
    "click-lr": CLICKS,
    **{name: {**CLICKS, "factors": 4, "hidden": (16,)} for name in ("wide-deep", "deepfm", "dcn")},
    "two-tower": {"preference": "liked", "factors": 8, "epochs": 30, "batch_size": 64, "learning_rate": 0.02},
    "watch-time": {"preference": "liked", "factors": 8, "hidden": (16,), "batch_size": 64, "learning_rate": 0.02},
    **{
        name: {
            "preference": "liked",
            "factors": 16,
            "length": 32,
            "layers": 1,
            "epochs": epochs,
            "batch_size": 8,
            "learning_rate": 0.01,
        }
        for name, epochs in (("sasrec", 30), ("bert4rec", 60))
    },
    "pca": {"factors": 2},  # a toy world of 40 users has two tastes, and the pattern of its gaps for further components
    "bpmf": {"samples": 20, "burn_in": 10, "thinning": 1},
    "fm": {"factors": 4, "burn_in": 20, "samples": 6},
    "blend": {"members": ("svdpp:factors=8", "item-knn", "bias"), "folds": 2},
    "feature-combination": {"members": ("svd:factors=8", "item-knn"), "folds": 2},
    "cascade": {"members": ("item-knn", "svd:factors=8")},
    "rank-fusion": {"members": ("item-knn", "user-knn", "svd:factors=8")},
}
"""Hyperparameters for the toy worlds where the defaults are too large or take long."""


@pytest.mark.parametrize(
    "case", longtail.testing.cases(registry.BUILT_IN, exempt=EXEMPT, hyperparameters=SMALL), ids=str
)
def test_contract(case: longtail.testing.Case) -> None:
    case()


BY_RATING = {name: {"test_recovers_the_implicit_toy_world": ONES} for name in ("user-knn", "item-knn", "content-knn")}


@pytest.mark.parametrize(
    "case",
    longtail.testing.cases(
        list(BY_RATING),
        exempt=BY_RATING,
        hyperparameters={name: {"ranking": "rating"} for name in BY_RATING},
    ),
    ids=str,
)
def test_contract_of_lists_by_predicted_rating(case: longtail.testing.Case) -> None:
    case()


@pytest.mark.parametrize(
    "case",
    longtail.testing.cases(
        ["autorec"],
        exempt={"autorec": EXEMPT["autorec"]},
        hyperparameters={"autorec": SMALL["autorec"] | {"side": "user"}},
    ),
    ids=str,
)
def test_contract_of_rows_of_users(case: longtail.testing.Case) -> None:
    case()


def test_every_algorithm_is_checked() -> None:
    by_algorithm = {case.algorithm for case in longtail.testing.cases()}
    assert by_algorithm == set(registry.names()) >= set(registry.BUILT_IN) >= set(registry.LINEUP)


def test_personal_algorithms_are_not_exempt_from_the_explicit_toy_world() -> None:
    exempt = {name for name, checks in EXEMPT.items() if "test_recovers_the_explicit_toy_world" in checks}
    assert exempt == {"random", "popular", "bias", "click-lr", "slope-one", "markov"}


# -- the suite must find what is wrong ---------------------------------------------------------------------------------


@dataclass(kw_only=True)
class Sound(Popular):
    """Keeps the contract: popularity, with the exemptions of popularity."""


@dataclass(kw_only=True)
class Counts(Sound):
    def _score_histories(self, histories: Any) -> Any:
        self.counts_ = self.counts_ + 1
        return super()._score_histories(histories)


@dataclass(kw_only=True)
class Unseeded(Sound):
    def _fit(self, train: Any, catalog: Any) -> None:
        super()._fit(train, catalog)
        self.counts_ = np.random.default_rng().random(train.n_items).astype(np.float32)


@dataclass(kw_only=True)
class ByThreads(Sound):
    def _score_histories(self, histories: Any) -> Any:
        return np.roll(super()._score_histories(histories).dense(), threads(), axis=1)


@dataclass(kw_only=True)
class WritesInput(Sound):
    def _fit(self, train: Any, catalog: Any) -> None:
        super()._fit(train, catalog)
        train.by_user.data[:] = 1.0


@dataclass(kw_only=True)
class Remembers(Sound):
    def _fit(self, train: Any, catalog: Any) -> None:
        super()._fit(train, catalog)
        self._fits = getattr(self, "_fits", 0) + 1
        self.counts_ = self.counts_ * self._fits


@dataclass(kw_only=True)
class Forgetful(Sound):
    def _fit(self, train: Any, catalog: Any) -> None:
        super()._fit(train, catalog)
        self.unsaved = self.counts_

    def _score_histories(self, histories: Any) -> Any:
        self.counts_ = self.unsaved
        return super()._score_histories(histories)


@dataclass(kw_only=True)
class Meddles(Sound):
    def _fit(self, train: Any, catalog: Any) -> None:
        super()._fit(train, catalog)
        self.damping = 0.0


@dataclass(kw_only=True)
class OffScale(Sound):
    def predict(self, users: Any, items: Any) -> Any:
        return super().predict(users, items) + 5.0


@dataclass(kw_only=True)
class InCompany(Sound):
    def _predict_pairs(self, users: Any, items: Any) -> Any:
        raw, impossible = super()._predict_pairs(users, items)
        return raw - 0.01 * np.arange(len(raw), dtype=np.float32) / max(len(raw), 1), impossible


@dataclass(kw_only=True)
class Guesses(Sound):
    def _predict_pairs(self, users: Any, items: Any) -> Any:
        raw, impossible = super()._predict_pairs(users, items)
        return np.where(impossible, np.float32(2.0), raw), impossible


@dataclass(kw_only=True)
class Undefined(Sound):
    def _fit(self, train: Any, catalog: Any) -> None:
        super()._fit(train, catalog)
        self.ratings_ = np.where(self.counts_ > 0, self.ratings_, np.float32(np.nan))


@dataclass(kw_only=True)
class Repeats(Sound):
    def recommend(self, *args: Any, **options: Any) -> Any:
        lists = super().recommend(*args, **options)
        lists.items[:, -1] = lists.items[:, 0]
        return lists


@dataclass(kw_only=True)
class Reverses(Sound):
    def recommend(self, *args: Any, **options: Any) -> Any:
        lists = super().recommend(*args, **options)
        lists.items[:] = lists.items[:, ::-1]
        return lists


@dataclass(kw_only=True)
class ShowsSeen(Sound):
    def recommend(self, *args: Any, **options: Any) -> Any:
        return super().recommend(*args, **{**options, "exclude": "none"})


@dataclass(kw_only=True)
class Stubborn(Sound):
    def recommend(self, *args: Any, **options: Any) -> Any:
        return super().recommend(*args, **{**options, "candidates": None})


@dataclass(kw_only=True)
class Lenient(Sound):
    def recommend(self, *args: Any, **options: Any) -> Any:
        return super().recommend(*args, **{**options, "min_rating": None})


@dataclass(kw_only=True)
class Invents(Sound):
    def recommend(self, users: Any = None, *args: Any, **options: Any) -> Any:
        known = users if users is None else [user for user in users if user in self.user_ids_]
        return super().recommend(known, *args, **options)


@dataclass(kw_only=True)
class Boasts(Sound):
    fold_in: ClassVar[FoldIn] = "exact"

    def _score_histories(self, histories: Any) -> Any:
        return 0.5 * super()._score_histories(histories).dense()

    def _score_users(self, users: Any) -> Any:
        return super()._score_histories(self.histories_[users])


@dataclass(kw_only=True)
class Fragile(Sound):
    def _fit(self, train: Any, catalog: Any) -> None:
        super()._fit(train, catalog)
        if len(np.unique(train.users)) == 1:
            raise ZeroDivisionError


@dataclass(kw_only=True)
class Careless(Sound):
    shrinkage: float = hyper(1.0, at_least=0.0)

    def __post_init__(self) -> None:
        """Checks nothing."""


FLAWS: list[tuple[type[Sound], str]] = [
    (Counts, "test_asking_changes_nothing"),
    (Unseeded, "test_same_seed_same_model"),
    (ByThreads, "test_thread_count_changes_nothing"),
    (WritesInput, "test_fit_leaves_its_input_alone"),
    (Remembers, "test_refit_leaves_no_trace"),
    (Forgetful, "test_a_loaded_model_answers_the_same"),
    (Meddles, "test_hyperparameters_are_stored_as_given"),
    (OffScale, "test_predictions_are_finite_and_on_the_scale"),
    (InCompany, "test_predictions_do_not_depend_on_company"),
    (Guesses, "test_an_impossible_prediction_is_the_training_mean"),
    (Undefined, "test_predictions_are_finite_and_on_the_scale"),
    (Repeats, "test_lists_are_well_formed"),
    (Reverses, "test_lists_are_well_formed"),
    (ShowsSeen, "test_seen_items_are_left_out"),
    (Stubborn, "test_candidates_are_respected"),
    (Lenient, "test_min_rating_is_respected"),
    (Invents, "test_unknown_users_are_refused"),
    (Boasts, "test_exact_fold_in_agrees_with_fit"),
    (Boasts, "test_strangers_get_what_they_like"),
    (Fragile, "test_one_user"),
    (Careless, "test_hyperparameters_are_checked"),
    (Sound, "test_recovers_the_explicit_toy_world"),
    (Sound, "test_recovers_the_implicit_toy_world"),
    (Sound, "test_predictions_recover_the_toy_world"),
]


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Callable[[type[Any]], str]:
    """Registers a class of this file for the length of a test; gives its name."""

    def register(cls: type[Any]) -> str:
        monkeypatch.setitem(registry._BUILT_IN, "planted", f"{cls.__module__}:{cls.__name__}")
        return "planted"

    return register


@pytest.mark.parametrize(("flawed", "check"), FLAWS, ids=lambda value: getattr(value, "__name__", value))
def test_a_planted_flaw_is_found(flawed: type[Sound], check: str, register: Callable[[type[Any]], str]) -> None:
    cases = {case.check: case for case in longtail.testing.cases([register(flawed)])}
    with pytest.raises((AssertionError, AttributeError, ZeroDivisionError)):
        cases[check]()


def test_a_sound_algorithm_passes(register: Callable[[type[Any]], str]) -> None:
    name = register(Sound)
    skipped = 0
    for case in longtail.testing.cases([name], exempt={name: EXEMPT["popular"]}):
        if case.check in EXEMPT["popular"]:
            with pytest.raises(SkipTest, match=f"planted is exempt: {ALIKE}"):
                case()
            skipped += 1
        else:
            case()
    assert skipped == len(EXEMPT["popular"])


# -- the suite must not check nothing ----------------------------------------------------------------------------------


def test_no_algorithms_is_an_error() -> None:
    with pytest.raises(ConfigError, match="no algorithm to check"):
        longtail.testing.cases([])


def test_no_registered_algorithms_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_BUILT_IN", {})
    monkeypatch.setattr(registry, "_plugins", dict)
    with pytest.raises(ConfigError, match="no algorithm to check"):
        longtail.testing.cases()


def test_a_class_without_an_algorithm_is_an_error() -> None:
    with pytest.raises(ConfigError, match="TestNothing would check nothing: set algorithm"):
        type("TestNothing", (Contract,), {})
    with pytest.raises(ConfigError, match="no algorithm 'poplar'; did you mean popular"):
        type("TestNothing", (Contract,), {"algorithm": "poplar"})


def test_a_class_exempt_from_everything_is_an_error() -> None:
    names = type("TestAll", (Contract,), {"algorithm": "popular"}).checks()  # type: ignore[attr-defined]
    assert len(names) > 40
    with pytest.raises(ConfigError, match="every check is exempted"):
        type("TestNone", (Contract,), {"algorithm": "popular", "exempt": dict.fromkeys(names, "no time")})


@pytest.mark.parametrize(
    "exempt", [{"test_no_such_check": "why"}, {"test_one_user": ""}, {"test_other_seeds_work": "no"}]
)
def test_an_exemption_must_name_a_check_and_a_reason(exempt: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="is not a check of popular, or gives no reason"):
        type("TestIt", (Contract,), {"algorithm": "popular", "exempt": exempt})


def test_exemptions_of_an_algorithm_not_checked_are_an_error() -> None:
    with pytest.raises(ConfigError, match="no algorithm poplar"):
        longtail.testing.cases(["popular"], exempt={"poplar": {"test_one_user": "a slip of the pen"}})


def test_an_exemption_that_is_not_needed_fails() -> None:
    cases = longtail.testing.cases(["popular"], exempt={"popular": {"test_one_user": "too hard"}})
    with pytest.raises(AssertionError, match="remove the exemption"):
        next(case for case in cases if case.check == "test_one_user")()


def test_an_algorithm_that_cannot_be_loaded_is_a_case_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry._BUILT_IN, "gone", "no_such_module:Gone")
    (case,) = longtail.testing.cases(["gone"])
    with pytest.raises(AssertionError, match="cannot be loaded from no_such_module:Gone"):
        case()


# -- the class form, as a plug-in author writes it ---------------------------------------------------------------------


class TestPopular(Contract):
    algorithm = "popular"
    hyperparameters: ClassVar = {"damping": 0.0}
    exempt: ClassVar = EXEMPT["popular"]


def test_worlds_are_as_described() -> None:
    worlds = longtail.testing.toy_worlds()
    for name, world in worlds.items():
        cells = world.train.by_user.toarray().astype(bool), world.test.by_user.toarray().astype(bool)
        assert not (cells[0] & cells[1]).any()
        assert (world.test.values > 3.0).tolist() == world.liked[world.test.users, world.test.items].tolist()
        assert world.train.feedback == name
        assert world.test.user_counts.tolist() == [12] * 40
    explicit = worlds["explicit"].train
    assert (explicit.values == 5.0).tolist() == worlds["explicit"].liked[explicit.users, explicit.items].tolist()
    assert worlds["implicit"].liked[worlds["implicit"].train.users, worlds["implicit"].train.items].all()


def test_share_liked_counts_empty_places_as_misses() -> None:
    world = longtail.testing.toy_worlds()["explicit"]
    lists = longtail.testing.ToyWorld.share_liked
    perfect = np.argsort(~world.liked, axis=1, kind="stable")[:, :4].astype(np.int32)
    made = Popular().fit(world.train).recommend(n=4)
    made.items[:] = perfect
    assert lists(world, made) == 1.0
    made.items[:, 2:] = -1
    assert lists(world, made) == 0.5

"""The contract of a recommender. A subclass states hyperparameters, `_fit` and `_score_histories`; the rest is here.

Shapes: a *history* is a CSR row over the catalogue (item index -> rating); scores are (rows, n_items) float32, dense or
as `LowRank` factors, higher is better, -inf where an item cannot be recommended.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Self, TypeAlias, TypeVar

import numpy as np
from scipy import sparse

from longtail import artifacts, params, registry
from longtail.algorithms.histories import History, folded, rows_of
from longtail.algorithms.lists import Scores, best_items
from longtail.data.catalog import Catalog
from longtail.data.ids import Ids
from longtail.data.interactions import Interactions
from longtail.data.results import TopN
from longtail.errors import ArtifactError, ConfigError, DataError, NotFittedError
from longtail.types import AnyArray, BoolArray, IntArray

__all__ = ["Candidates", "Exclude", "FoldIn", "Recommender", "Scores", "load", "whole"]

M = TypeVar("M", bound="Recommender")

FoldIn = Literal["exact", "solved", "fallback", "members"]
Exclude = Literal["seen", "none"]
Candidates: TypeAlias = "Sequence[Any] | AnyArray | Interactions | None"


@dataclass(kw_only=True)
class Recommender(ABC):
    """Base of every algorithm: a keyword-only dataclass of hyperparameters; what it learns ends in an underscore.

    Class attributes:
        fold_in: how a history it never saw is answered: "exact" (as if it had been there, the items fixed), "solved"
            (a least-squares step), "fallback" (the same for everyone) or, of a hybrid, as its "members" answer it.
        predicts_ratings: whether it is a `PredictsRatings`; one that only ranks takes no `min_rating`.
        scores_are_ratings: whether the scores that rank are predicted ratings.
        reads_order: whether the entries of a history stand in order of time, repeats included; else sorted by item.
    """

    fold_in: ClassVar[FoldIn]
    predicts_ratings: ClassVar[bool] = False
    scores_are_ratings: ClassVar[bool] = True
    reads_order: ClassVar[bool] = False

    def __post_init__(self) -> None:
        params.validate(self)

    # -- what an algorithm states ------------------------------------------------------------------------------------

    @abstractmethod
    def _fit(self, train: Interactions, catalog: Catalog | None) -> None:
        """Learn from `train`; set attributes with a trailing underscore (arrays, CSR arrays, plain values)."""

    @abstractmethod
    def _score_histories(self, histories: sparse.csr_array) -> Scores:
        """Scores (n, n_items) for people known only by their histories; an empty history is a cold start."""

    def _score_users(self, users: IntArray) -> Scores:
        """Scores for users of the training data; by default those of their training histories."""
        return self._score_histories(self.histories_[users])

    def _rate_histories(self, histories: sparse.csr_array) -> Scores:
        """Predicted ratings for histories, where the scores that rank are something else."""
        return self._score_histories(histories)

    def _rate_users(self, users: IntArray) -> Scores:
        """Predicted ratings for training users, where the scores that rank are something else."""
        return self._score_users(users) if self.scores_are_ratings else self._rate_histories(self.histories_[users])

    # -- what everyone gets ------------------------------------------------------------------------------------------

    def fit(self, train: Interactions, catalog: Catalog | None = None) -> Self:
        """Learn from interactions (and a catalog; by default the one that comes with them). Returns itself.

        What an earlier fit learned is forgotten; a fit that fails half-way leaves the model unfitted.

        Raises:
            DataError: as `require_data`.
        """
        self.require_data(train, catalog)
        known = catalog if catalog is not None else train.catalog
        learned = train if self.reads_order else train.once
        self._forget()
        self.user_ids_: Ids = train.user_ids
        self.item_ids_: Ids = train.item_ids
        self.histories_: sparse.csr_array = learned.by_user
        if self.reads_order:
            self.histories_ = train.sequences.rows(train.n_items)
        self.scale_: tuple[float, float] | None = train.scale
        self.mean_: float = float(learned.values.mean(dtype=np.float64))
        self.fingerprint_: str = train.fingerprint
        self.titles_: list[str] | None = known.titles(train.item_ids) if known is not None else None
        try:
            self._fit(learned, known)
        except BaseException:
            self._forget()
            raise
        return self

    @classmethod
    def require_data(cls, train: Interactions, catalog: Catalog | None = None) -> None:
        """Refuse, before any work, data that `fit` could not learn from.

        Raises:
            DataError: if there are no interactions, or they lack what the algorithm needs.
        """
        if not len(train):
            raise DataError("there is nothing to learn from: the training data have no rows")

    def _forget(self) -> None:
        for name in [name for name in vars(self) if name.endswith("_")]:
            delattr(self, name)

    def recommend(
        self,
        users: Sequence[Any] | AnyArray | None = None,
        n: int = 10,
        *,
        exclude: Exclude = "seen",
        candidates: Candidates = None,
        min_rating: float | None = None,
    ) -> TopN:
        """The n best items for users of the training data.

        Args:
            users: external ids; None for everyone with at least one training row.
            n: places in a list, at least 1; a list is shorter when fewer items qualify.
            exclude: "seen" leaves out what the user has rated in training, "none" leaves out nothing.
            candidates: external ids of the only items allowed; or, as `Interactions`, the only items allowed for each
                user: those of the user's rows there. None for the whole catalogue.
            min_rating: leave out items whose predicted rating is lower.

        Raises:
            UnknownIdError: for a user or candidate the model has not seen.
            ConfigError: for n below 1, or an option that cannot work.
        """
        self._require_fitted()
        if users is None:
            index = np.flatnonzero(np.diff(self.histories_.indptr)).astype(np.int32)
        else:
            index = self.user_ids_.index(users)

        def block(lo: int, hi: int, ratings: bool) -> Scores:
            return self._rate_users(index[lo:hi]) if ratings else self._score_users(index[lo:hi])

        seen = self.histories_[index]
        return self._lists(block, index, self.user_ids_, seen, n, exclude, candidates, min_rating)

    def recommend_for(
        self,
        histories: Sequence[History] | Interactions,
        n: int = 10,
        *,
        users: Sequence[Any] | AnyArray | None = None,
        exclude: Exclude = "seen",
        candidates: Candidates = None,
        min_rating: float | None = None,
    ) -> TopN:
        """The n best items for people the model has never seen, each given as {item id: rating} or a list of item ids.

        An item without a rating counts as one event or, to a model of ratings, as rated highest. For an algorithm that
        reads order, the order of the mapping or list is that of the events; an id may stand in the list repeatedly.

        The lists are numbered 0, 1, ... in the order given. Histories may also be `Interactions`: then there is a list
        under their own ids for each of its users with a row or, where `users` are named, for each of those, a row or
        not; they are read in order of time. Other arguments as for `recommend`.

        Raises:
            UnknownIdError: for an item the model has not seen.
            ConfigError: as for `recommend`; users of histories that have no ids.
        """
        self._require_fitted()
        if isinstance(histories, Interactions):
            user_ids, present = histories.user_ids, np.flatnonzero(histories.user_counts).astype(np.int32)
            index = present if users is None else user_ids.index(users)
            rows = rows_of(histories, index, self.item_ids_, ordered=self.reads_order)
        else:
            if users is not None:
                raise ConfigError("users= chooses among the users of Interactions; these histories are a plain list")
            rows = self.fold(histories)
            index = np.arange(rows.shape[0], dtype=np.int32)
            user_ids = Ids(index, kind="history")

        def block(lo: int, hi: int, ratings: bool) -> Scores:
            return self._rate_histories(rows[lo:hi]) if ratings else self._score_histories(rows[lo:hi])

        return self._lists(block, index, user_ids, rows, n, exclude, candidates, min_rating)

    def fold(self, histories: Sequence[History] | Interactions) -> sparse.csr_array:
        """Histories, as `recommend_for` takes them, as CSR rows (n, n_items), items sorted within a row (or in order).

        Raises:
            UnknownIdError: for an item the model has not seen.
            ConfigError: if they are not a list of mappings or lists.
            DataError: for a rating that is not a finite number.
        """
        self._require_fitted()
        highest = None if self.scale_ is None else self.scale_[1]
        return folded(histories, self.item_ids_, ordered=self.reads_order, highest=highest)

    def _lists(
        self,
        block: Callable[[int, int, bool], Scores],
        index: IntArray,
        user_ids: Ids,
        seen: sparse.csr_array,
        n: int,
        exclude: Exclude,
        candidates: Candidates,
        min_rating: float | None,
    ) -> TopN:
        n = params.positive("n", n)
        if exclude not in ("seen", "none"):
            raise ConfigError(f"exclude must be seen or none, not {exclude!r}")
        blocked: BoolArray = np.zeros(len(self.item_ids_), dtype=np.bool_)
        only = None
        if isinstance(candidates, Interactions):
            only = rows_of(candidates, candidates.user_ids.index(user_ids[index]), self.item_ids_)
        elif candidates is not None:
            blocked[:] = True
            blocked[self.item_ids_.index(candidates)] = False
        items, scores = best_items(
            lambda lo, hi: block(lo, hi, False),
            n,
            seen=(seen.sorted_indices() if self.reads_order else seen) if exclude == "seen" else seen[:, :0],
            blocked=blocked,
            only=only,
            floor=self._floor(min_rating),
            ratings=None if self.scores_are_ratings else lambda lo, hi: block(lo, hi, True),
        )
        return TopN(index, items, scores, user_ids, self.item_ids_, self.titles_)

    def _floor(self, min_rating: float | None) -> float:
        """The lowest score before clipping that a predicted rating of `min_rating` can come from."""
        if min_rating is None:
            return -np.inf
        if isinstance(min_rating, (bool, str)) or not np.isfinite(min_rating):
            raise ConfigError(f"min_rating must be a number, not {min_rating!r}")
        if not self.predicts_ratings:
            raise ConfigError(f"{type(self).__name__} predicts no ratings, so it cannot leave out by min_rating")
        low, high = self.scale_ or (-np.inf, np.inf)
        return -np.inf if min_rating <= low else np.inf if min_rating > high else float(min_rating)

    def clone(self, **changes: Any) -> Self:
        """An unfitted copy with the same hyperparameters, or some changed."""
        return type(self)(**{**params.values(self), **changes})

    def save(self, path: str | Path) -> None:
        """Write the fitted model to a directory (`manifest.json`, `arrays.safetensors`), without pickle."""
        Recommender._require_fitted(self)  # not as for a recommendation: see `PredictsClicks`
        saved = _as_data(self)
        artifacts.write(path, saved.manifest, saved.state)

    def _require_fitted(self) -> None:
        if not hasattr(self, "histories_"):
            raise NotFittedError(f"{type(self).__name__} has not been fitted; call fit(train) first")


def whole(model: M) -> M:
    """A fitted model, for code that goes on to compare it or to fit others: it must have learned all it was to learn.

    Raises:
        KeyboardInterrupt: if its training was stopped by hand, which `fit` keeps to itself when there is something to
            keep.
    """
    if getattr(model, "interrupted_", False):
        raise KeyboardInterrupt
    return model


def load(path: str | Path) -> Recommender:
    """A model saved with `save`, ready to recommend; large arrays are mapped, not read.

    Raises:
        ArtifactError: if there is no complete artifact at `path`, or its algorithm is not installed.
    """
    saved = artifacts.Saved(*artifacts.read(path))
    try:
        return _as_model(saved)
    except (ConfigError, KeyError, TypeError) as error:
        raise ArtifactError(f"{path} cannot be loaded: {error}") from error


def _as_data(model: Recommender) -> artifacts.Saved:
    """What is saved of a model, and of the models it holds in lists."""
    from longtail import __version__

    manifest = {
        "algorithm": registry.name_of(type(model)),
        "longtail": __version__,
        "hyperparameters": params.values(model),
        "data": model.fingerprint_,
    }
    learned = {name: value for name, value in vars(model).items() if name.endswith("_")}
    models = {name: value for name, value in learned.items() if _holds(value, Recommender)}
    return artifacts.Saved(manifest, learned | {name: [_as_data(one) for one in held] for name, held in models.items()})


def _as_model(saved: artifacts.Saved) -> Recommender:
    """The model that was saved, its algorithm looked up in the registry; so are those of the models it holds."""
    cls, chosen = registry.get(saved.manifest["algorithm"]), saved.manifest["hyperparameters"]
    if {field.name for field in dataclasses.fields(cls)} != set(chosen):
        raise ConfigError(f"it was saved by Longtail {saved.manifest['longtail']} with other hyperparameters")
    model: Recommender = cls(**{name: tuple(v) if isinstance(v, list) else v for name, v in chosen.items()})
    if "histories_" not in saved.state or not all(name.endswith("_") for name in saved.state):
        raise ConfigError("it does not hold what a model learns")
    models = {name: value for name, value in saved.state.items() if _holds(value, artifacts.Saved)}
    vars(model).update({**saved.state, **{name: [_as_model(one) for one in held] for name, held in models.items()}})
    return model


def _holds(value: Any, kind: type[Any]) -> bool:
    """Whether it is a list of such objects."""
    return isinstance(value, list) and bool(value) and isinstance(value[0], kind)

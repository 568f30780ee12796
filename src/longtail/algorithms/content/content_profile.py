"""Content profiles: a person is the mean of what they like, and will like what points the same way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
from scipy import sparse

from longtail import params
from longtail.algorithms.base import FoldIn
from longtail.algorithms.content.content_model import ContentModel
from longtail.algorithms.content.features import Feature
from longtail.algorithms.histories import row_numbers
from longtail.algorithms.ranker import Ranker
from longtail.data.catalog import Catalog
from longtail.data.interactions import Interactions
from longtail.types import AnyArray, BoolArray, FloatArray, IntArray, RealArray

__all__ = ["ContentProfile"]


@dataclass(kw_only=True)
class ContentProfile(ContentModel, Ranker):
    """Content profiles: the mean of the items met, by preference, compared with every item by cosine.

    An item x_i is one vector of length 1: its labels, words (TF-IDF) and embeddings side by side, each feature scaled
    to the square root of its weight; a number is shared out between the two nearest marks of a ruler whose marks stand
    `decay` years (or one standard deviation) apart. With w_uj the preference of u for j:

        p_u = sum_j w_uj x_j / sum_j w_uj          score(u, i) = p_u . x_i / |p_u|

    An item that nobody has met is recommended like any other. Learning online gives what a refit would.

    Source: P. Lops, M. de Gemmis and G. Semeraro, "Content-based Recommender Systems: State of the Art and Trends",
    Recommender Systems Handbook 2011, section 3.3.1 (vector space profiles; positive part of Rocchio's formula).

    Attributes:
        features: names joined by +, each with a weight behind * if it is not 1.
        decay: years between two marks of the ruler.
        preference: how much an interaction says.
        vectors_: (n_items, n_terms) CSR float64, the items; an empty row where nothing is known.
        terms_: what each column stands for.

    Examples:
        >>> import longtail as lt
        >>> films = pl.DataFrame({"item": [1, 2, 3], "genres": [["SF", "War"], ["SF"], ["Love"]]})
        >>> data = lt.Interactions.from_frame({"user": [7, 8], "item": [1, 3], "rating": [5.0, 4.0]}, scale=(1, 5))
        >>> model = lt.ContentProfile(features="genres").fit(data.with_catalog(lt.Catalog(films)).with_items())
        >>> model.recommend([7], n=1).of(7)
        [2]
        >>> [(term, round(weight, 4)) for _, term, weight in model.profile([7]).rows()]
        [('genres: SF', 0.7071), ('genres: War', 0.7071)]
    """

    fold_in: ClassVar[FoldIn] = "exact"

    def _fit_preferences(self, weights: sparse.csr_array, train: Interactions, catalog: Catalog | None) -> None:
        features, shares, terms = self._read(train, catalog)
        blocks = [_vectors(feature, names) for feature, names in zip(features, terms, strict=True)]
        scaled = [_unit(block) * np.sqrt(share) for (block, _), share in zip(blocks, shares, strict=True)]
        self.vectors_ = _unit(sparse.csr_array(sparse.hstack(scaled, format="csr")))
        named = zip(features, blocks, strict=True)
        self.terms_ = [f"{feature.name}: {name}" for feature, (_, names) in named for name in names]

    def _score_preferences(self, weights: sparse.csr_array) -> FloatArray:
        profiles = _unit(weights @ self.vectors_)
        scores: FloatArray = (self.vectors_ @ profiles.T).toarray().T.astype(np.float32)
        scores[:, ~self._has_content()] = -np.inf
        return scores

    def _listable(self) -> BoolArray:
        return super()._listable() | self._has_content()

    def _has_content(self) -> BoolArray:
        filled: BoolArray = np.diff(self.vectors_.indptr) > 0
        return filled

    def _learn(self, users: IntArray, items: IntArray, values: FloatArray) -> None:
        counts = np.bincount(self.histories_.indices, minlength=len(self.item_ids_))
        self.popularity_ = (counts / counts.max()).astype(np.float32)

    def _item_similarities(self, items: IntArray) -> FloatArray:
        similar = (self.vectors_[items] @ self.vectors_.T).toarray().astype(np.float32)
        return np.where(similar > 0, similar, np.float32(-np.inf))

    def _reasons(self, history: sparse.csr_array, item: int) -> tuple[IntArray, RealArray]:
        weights = self._preferences(history)
        similar = (self.vectors_[weights.indices] @ self.vectors_[[item]].T).toarray()[:, 0]
        others = weights.indices != item
        return weights.indices[others], (weights.data * similar)[others]

    # -- profiles ------------------------------------------------------------------------------------------------------

    def profile(self, users: Sequence[Any] | AnyArray, n: int = 10) -> pl.DataFrame:
        """What users of the training data like: the n weightiest terms of each, as user, term, weight.

        Raises:
            UnknownIdError: for a user the model has not seen.
            ConfigError: for n below 1.
        """
        self._require_fitted()
        index = self.user_ids_.index(users)
        return self._profiles(self.histories_[index], self.user_ids_[index], n)

    def profile_for(self, history: Mapping[Any, float], n: int = 10) -> pl.DataFrame:
        """What someone with this history likes, as term, weight."""
        return self._profiles(self.fold([history]), np.zeros(1, dtype=np.int64), n).drop("user")

    def _profiles(self, histories: sparse.csr_array, people: AnyArray, n: int) -> pl.DataFrame:
        n = params.positive("n", n)
        found = _unit(self._preferences(histories) @ self.vectors_).tocoo()
        rows, terms = found.coords
        table = pl.DataFrame({"row": rows, "place": terms, "weight": found.data})
        table = table.sort(["row", "weight", "place"], descending=[False, True, False])
        best = table.group_by("row", maintain_order=True).head(n)
        columns = {"user": people[best["row"]], "term": [self.terms_[term] for term in best["place"]]}
        return pl.DataFrame({**columns, "weight": best["weight"]}, schema_overrides={"term": pl.String})


def _vectors(feature: Feature, names: list[str]) -> tuple[sparse.csr_array, list[str]]:
    """The values of a feature as rows of a CSR array, and what its columns stand for."""
    if isinstance(feature.values, sparse.csr_array):
        return feature.values, names
    if feature.values.ndim == 2:
        return sparse.csr_array(feature.values), names
    places = feature.values / feature.decay
    known = np.flatnonzero(feature.known)
    low = np.floor(places[known])
    share = places[known] - low
    first = int(low.min()) if len(low) else 0
    width = int(low.max()) - first + 2 if len(low) else 0
    columns = (low - first).astype(np.int64)
    entries = np.append(1.0 - share, share), (np.append(known, known), np.append(columns, columns + 1))
    ruler = sparse.csr_array(entries, shape=(len(places), width))
    ruler.eliminate_zeros()
    return ruler, [f"{(first + mark) * feature.decay:g}" for mark in range(width)]


def _unit(rows: sparse.csr_array) -> sparse.csr_array:
    """The rows scaled to length 1, without stored zeros; an empty row stays empty."""
    row = row_numbers(rows)
    lengths = np.sqrt(np.bincount(row, rows.data**2, rows.shape[0]))[row]
    data = np.divide(rows.data, lengths, out=np.zeros(len(row)), where=lengths > 0)
    unit = sparse.csr_array((data, rows.indices.copy(), rows.indptr.copy()), shape=rows.shape)
    unit.eliminate_zeros()
    return unit

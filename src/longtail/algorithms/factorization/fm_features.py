"""What a factorization machine sees: the feature rows of every user, item and time, as blocks.

A feature matrix is a stack of distinct rows (all users, then all items, then all days of users); a rating is made of
one row of each. Groups of features (ids, implicit feedback, each attribute) have priors of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from longtail.data.attributes import Attributes, attribute_features

__all__ = ["Attributes", "Block", "attribute_features", "id_features", "implicit_features"]


@dataclass(frozen=True)
class Block:
    """Groups of features side by side: name -> (n_rows, n_features) float32 CSR, all with the same rows."""

    groups: dict[str, sparse.csr_array]

    @property
    def matrix(self) -> sparse.csr_array:
        """(n_rows, n_features): the groups, one behind the other."""
        return sparse.csr_array(sparse.hstack(list(self.groups.values()), format="csr"))

    def columns(self, name: str) -> slice:
        """Where the features of a group stand in `matrix`."""
        names = list(self.groups)
        widths = [self.groups[other].shape[1] for other in names[: names.index(name)]]
        return slice(sum(widths), sum(widths) + self.groups[name].shape[1])


def id_features(n: int) -> sparse.csr_array:
    """(n, n): one feature for each."""
    return sparse.csr_array(sparse.eye_array(n, dtype=np.float32, format="csr"))


def implicit_features(met: sparse.csr_array) -> sparse.csr_array:
    """A feature of value |N|^-1/2 for each of the N columns a row has an entry in, whatever its value.

    Examples:
        >>> implicit_features(sparse.csr_array(np.array([[5.0, 1.0, 0, 2.0, 1.0]]))).toarray().tolist()
        [[0.5, 0.5, 0.0, 0.5, 0.5]]
    """
    counts = np.diff(met.indptr)
    values = np.repeat(1.0 / np.sqrt(np.maximum(counts, 1)), counts).astype(np.float32)
    return sparse.csr_array((values, met.indices, met.indptr), shape=met.shape)

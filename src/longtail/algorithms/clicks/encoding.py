"""Rows of fields as slots: which features a row has, as row numbers of one table, and what each counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import sparse

from longtail.data.ids import Ids
from longtail.data.impressions import Field, Impressions
from longtail.errors import DataError
from longtail.types import AnyArray, FloatArray, IntArray

__all__ = ["encoded", "item_slots", "layout", "packed"]


def layout(train: Impressions) -> tuple[list[dict[str, Any]], dict[str, Ids], int]:
    """Where the features of each field begin, which values it has, and how many features there are in all.

    A field of values has a feature for each and one for the unknown; a number is one feature, counted from its mean in
    standard deviations; of a list of n values each counts n^-1/2.
    """
    fields: list[dict[str, Any]] = []
    ids: dict[str, Ids] = {}
    begin = 0
    for name, field in train.fields.items():
        entry: dict[str, Any] = {"name": name, "kind": field.kind, "begin": begin, "slots": 1}
        if field.ids is None:
            numbers = np.asarray(field.values, dtype=np.float64)
            entry |= {"mean": float(numbers.mean()), "deviation": float(numbers.std()) or 1.0}
        else:
            ids[name] = field.ids
            if isinstance(field.values, sparse.csr_array):
                entry["slots"] = max(1, int(np.diff(field.values.indptr).max()))
        begin += 1 if field.ids is None else len(field.ids) + 1
        fields.append(entry)
    return fields, ids, begin


def encoded(
    impressions: Impressions, fields: Sequence[Mapping[str, Any]], ids: Mapping[str, Ids]
) -> tuple[IntArray, FloatArray, tuple[int, ...]]:
    """Features and amounts (n, slots) of impressions, and how many slots each field has: at least those of `fields`.

    Raises:
        DataError: if a field is missing, or is of another kind.
    """
    parts = []
    for entry in fields:
        name = entry["name"]
        if name not in impressions.fields:
            raise DataError(f"the impressions lack the field {name!r}; they have {', '.join(impressions.fields)}")
        held = impressions.fields[name]
        if held.kind != entry["kind"]:
            raise DataError(f"field {name!r} holds {held.kind}s here; the model learned from {entry['kind']}s")
        parts.append(_slots(held.in_terms_of(ids.get(name)), entry))
    features = np.concatenate([part for part, _ in parts], axis=1).astype(np.int32)
    amounts = np.concatenate([part for _, part in parts], axis=1).astype(np.float32)
    return features, amounts, tuple(part.shape[1] for part, _ in parts)


def _slots(field: Field, entry: Mapping[str, Any]) -> tuple[AnyArray, AnyArray]:
    values: Any = field.values
    if field.kind == "number":
        amounts = (values.astype(np.float64) - entry["mean"]) / entry["deviation"]
        return np.full((len(values), 1), entry["begin"]), amounts[:, None]
    if field.kind == "value":
        return entry["begin"] + values[:, None], np.ones((len(values), 1))
    counts = np.diff(values.indptr)
    shares = np.repeat(1.0 / np.sqrt(np.maximum(counts, 1)), counts)
    weighed = sparse.csr_array((shares, values.indices, values.indptr), shape=values.shape)
    return packed(weighed, entry["begin"], entry["slots"])


def packed(rows: sparse.csr_array, begin: int = 0, least: int = 1) -> tuple[IntArray, FloatArray]:
    """Sparse rows as features (from `begin`) and amounts, (n, slots): as many slots as the longest, at `least` some.

    Examples:
        >>> rows = sparse.csr_array(np.array([[0.0, 2.0, 3.0], [4.0, 0.0, 0.0]]))
        >>> [part.tolist() for part in packed(rows, begin=10)]
        [[[11, 12], [10, 10]], [[2.0, 3.0], [4.0, 0.0]]]
    """
    counts = np.diff(rows.indptr)
    width = max(least, int(counts.max(initial=0)))
    features = np.full((rows.shape[0], width), begin, dtype=np.int32)
    amounts = np.zeros((rows.shape[0], width), dtype=np.float32)
    row = np.repeat(np.arange(rows.shape[0]), counts)
    place = np.arange(rows.nnz) - rows.indptr[row]
    features[row, place], amounts[row, place] = begin + rows.indices, rows.data
    return features, amounts


def item_slots(
    n_items: int, attributes: Mapping[str, sparse.csr_array], begin: int
) -> tuple[IntArray, FloatArray, tuple[int, ...], int]:
    """Features and amounts (n_items, slots) of items: the id, numbered from 0, then the attributes, from `begin` on.

    An attribute that is known of no item has no slot. Also how many slots each field has, and how many features there
    are in all.
    """
    features, amounts = [np.arange(n_items, dtype=np.int32)[:, None]], [np.ones((n_items, 1), dtype=np.float32)]
    for rows in (rows for rows in attributes.values() if rows.shape[1]):
        more = packed(rows, begin)
        features.append(more[0])
        amounts.append(more[1])
        begin += rows.shape[1]
    return np.concatenate(features, axis=1), np.concatenate(amounts, axis=1), tuple(f.shape[1] for f in features), begin

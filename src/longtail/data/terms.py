"""What a table says of items or people, as weighted terms: rows of numbers that a network can embed.

| column | terms of a row |
|---|---|
| labels, or lists of labels (`genres`) | one for each label |
| `text`: title without its year, and the column `text` | one for each word, weighed by TF-IDF |
| numbers (`years` for the column `year`), True or False | one for the tenth of the known numbers it lies in |
| embeddings (lists of numbers) | one for each dimension, weighed by its value |

The terms that a row has of one column have length 1 together, so that no column drowns another.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy import sparse

from longtail.data.catalog import split_title
from longtail.errors import ConfigError, DataError
from longtail.types import AnyArray, FloatArray, IntArray

__all__ = ["names_of", "padded", "read_terms"]

BINS = 10
MOST_WORDS = 20_000


def names_of(text: str) -> list[str]:
    """Names of features joined by +.

    Examples:
        >>> names_of("genres + years")
        ['genres', 'years']

    Raises:
        ConfigError: for an empty name, or one that stands twice.
    """
    names = [name.strip() for name in text.split("+")] if text.strip() else []
    if not all(names) or len(set(names)) < len(names):
        raise ConfigError(f"features must be names joined by +, each once, as in genres+years, not {text!r}")
    return names


def read_terms(rows: pl.DataFrame, names: list[str]) -> tuple[sparse.csr_array, list[str]]:
    """The terms of every row of a table.

    Returns:
        (n_rows, n_terms) float32 CSR, and what each term says.

    Raises:
        DataError: if there is no such column, or one that holds neither labels nor numbers.

    Examples:
        >>> table = pl.DataFrame({"item": [1, 2], "genres": [["drama", "crime"], None], "year": [1994, 2001]})
        >>> found, terms = read_terms(table, ["genres"])
        >>> terms, found.toarray().round(3).tolist()
        (['genres crime', 'genres drama'], [[0.7070000171661377, 0.7070000171661377], [0.0, 0.0]])
    """
    parts = [_nothing(len(rows))]
    terms: list[str] = []
    for name in names:
        table, labels = _read(rows, name)
        parts.append(_unit_rows(table))
        terms += [f"{name} {label}" for label in labels]
    return sparse.csr_array(sparse.hstack(parts, format="csr", dtype=np.float32)), terms


def padded(table: sparse.csr_array, width: int) -> tuple[IntArray, FloatArray]:
    """The weightiest terms of each row as arrays (n_rows, k), k at most `width`, with weights of 0 behind the last.

    Examples:
        >>> terms, weights = padded(sparse.csr_array(np.array([[0.0, 0.6, 0.8], [1.0, 0.0, 0.0]])), width=1)
        >>> terms.tolist(), weights.round(1).tolist()
        ([[2], [0]], [[0.800000011920929], [1.0]])
    """
    counts = np.diff(table.indptr)
    k = max(1, min(width, int(counts.max(initial=0))))
    row = np.repeat(np.arange(table.shape[0]), counts)
    order = np.lexsort((-np.abs(table.data), row))
    place = np.arange(len(order)) - table.indptr[row]
    kept, at = order[place < k], place[place < k]
    terms, weights = np.zeros((table.shape[0], k), dtype=np.int32), np.zeros((table.shape[0], k), dtype=np.float32)
    terms[row[kept], at], weights[row[kept], at] = table.indices[kept], table.data[kept]
    return terms, weights


def _read(rows: pl.DataFrame, name: str) -> tuple[sparse.csr_array, list[str]]:
    if name == "text":
        return _words(rows)
    column = "year" if name == "years" else name
    if column not in rows.columns[1:]:
        known = ", ".join(rows.columns[1:]) or "none"
        raise DataError(f"features= asks for {name}, but the catalog has no column {column!r}; it has {known}")
    values, kind = rows[column], rows.schema[column]
    inner = getattr(kind, "inner", None)
    if kind in (pl.String, pl.Null, pl.List(pl.String), pl.List(pl.Null)) or isinstance(
        kind, (pl.Categorical, pl.Enum)
    ):
        return _labels(values)
    if inner is not None and inner.is_numeric():
        return _embeddings(values, name)
    if kind.is_numeric() or kind == pl.Boolean:
        return _bins(values.cast(pl.Float64).fill_null(np.nan).to_numpy())
    raise DataError(f"features= asks for {name}, whose type {kind} cannot be read; give numbers or labels")


def _labels(values: pl.Series) -> tuple[sparse.csr_array, list[str]]:
    listed = values if isinstance(values.dtype, pl.List) else values.cast(pl.String).reshape((-1, 1)).arr.to_list()
    listed = listed.cast(pl.List(pl.String))
    pairs = pl.DataFrame({"row": np.arange(len(values)), "label": listed}).explode("label").drop_nulls().unique()
    labels = pairs["label"].unique().sort()
    columns = pairs["label"].cast(pl.Enum(labels)).to_physical().to_numpy()
    entries = np.ones(len(pairs), dtype=np.float32), (pairs["row"].to_numpy(), columns)
    return sparse.csr_array(entries, shape=(len(values), len(labels))), labels.to_list()


def _bins(numbers: AnyArray) -> tuple[sparse.csr_array, list[str]]:
    known = np.flatnonzero(np.isfinite(numbers))
    if not len(known):
        return _nothing(len(numbers)), []
    lows = np.unique(np.quantile(numbers[known], np.arange(BINS) / BINS, method="lower"))
    columns = np.searchsorted(lows, numbers[known], side="right") - 1
    entries = np.ones(len(known), dtype=np.float32), (known, columns)
    return sparse.csr_array(entries, shape=(len(numbers), len(lows))), [f"from {low:g}" for low in lows]


def _embeddings(values: pl.Series, name: str) -> tuple[sparse.csr_array, list[str]]:
    listed = values.cast(pl.List(pl.Float64))
    lengths = listed.list.len().drop_nulls().unique()
    if len(lengths) > 1:
        raise DataError(f"the embeddings in column {name!r} are of {len(lengths)} different lengths; give them one")
    width = int(lengths[0]) if len(lengths) else 0
    table = np.zeros((len(values), width), dtype=np.float32)
    if width:
        flat = listed.drop_nulls().explode().fill_null(0.0).to_numpy()
        table[listed.is_not_null().to_numpy()] = np.nan_to_num(flat.reshape(-1, width), posinf=0.0, neginf=0.0)
    return sparse.csr_array(table), [str(dimension) for dimension in range(width)]


def _words(rows: pl.DataFrame) -> tuple[sparse.csr_array, list[str]]:
    from sklearn.feature_extraction.text import TfidfVectorizer

    if not {"title", "text"} & set(rows.columns):
        raise DataError("features= asks for text, but the catalog has no title and no column 'text'")
    empty = [""] * len(rows)
    titles = [split_title(title or "")[0] for title in rows["title"]] if "title" in rows.columns else empty
    prose = [text or "" for text in rows["text"]] if "text" in rows.columns else empty
    reader = TfidfVectorizer(sublinear_tf=True, stop_words="english", min_df=2, max_features=MOST_WORDS)
    try:
        counted = reader.fit_transform(f"{title} {text}" for title, text in zip(titles, prose, strict=True))
    except ValueError:  # no word stands in two rows
        return _nothing(len(rows)), []
    return sparse.csr_array(counted), reader.get_feature_names_out().tolist()


def _nothing(rows: int) -> sparse.csr_array:
    return sparse.csr_array(np.zeros((rows, 0), dtype=np.float32))


def _unit_rows(table: sparse.csr_array) -> sparse.csr_array:
    row = np.repeat(np.arange(table.shape[0]), np.diff(table.indptr))
    lengths = np.sqrt(np.bincount(row, table.data.astype(np.float64) ** 2, table.shape[0]))
    scaled = np.divide(table.data, lengths[row], out=np.zeros(table.nnz), where=lengths[row] > 0)
    return sparse.csr_array((scaled.astype(np.float32), table.indices, table.indptr), shape=table.shape)

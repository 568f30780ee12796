"""From the words of a hyperparameter and a catalog to features: `"genres+years+text*0.5"`."""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy import sparse

from longtail.algorithms.content.features import Feature
from longtail.data.catalog import Catalog, split_title
from longtail.data.ids import Ids
from longtail.errors import ConfigError, DataError
from longtail.types import RealArray

__all__ = ["read_features", "wanted_features"]

TYPICAL_ITEMS = 512
"""Mean similarities are taken over the pairs of so many items."""


def wanted_features(text: str) -> dict[str, float]:
    """Names of features and the weight of each, 1 where none is given.

    Examples:
        >>> wanted_features("genres + text*0.5")
        {'genres': 1.0, 'text': 0.5}

    Raises:
        ConfigError: for no name, a name that stands twice, or a weight that is not a number of at least 0.
    """
    wanted: dict[str, float] = {}
    for part in text.split("+"):
        name, star, written = (word.strip() for word in part.partition("*"))
        weight = _number(written) if star else 1.0
        if not name or name in wanted or weight is None:
            raise ConfigError(f"features must be names joined by +, each once, as in genres+years*0.5, not {text!r}")
        wanted[name] = weight
    if not any(wanted.values()):
        raise ConfigError(f"features={text!r} gives every feature the weight 0")
    return wanted


def _number(written: str) -> float | None:
    try:
        number = float(written)
    except ValueError:
        return None
    return number if 0.0 <= number < float("inf") else None


def read_features(
    wanted: dict[str, float], catalog: Catalog, item_ids: Ids, decay: float
) -> tuple[list[Feature], list[float], list[list[str]]]:
    """The features of every item of `item_ids`, in index order.

    Args:
        wanted: names and weights, from `wanted_features`.
        catalog: what is known of the items.
        item_ids: the items.
        decay: years within which the similarity of years falls to 1/e.

    Returns:
        the features, the weight of each, and the names of the columns of each.

    Raises:
        DataError: if the catalog has no such column, one that cannot be compared, or knows nothing of the items.
    """
    rows = catalog.rows(item_ids)
    weights = {name: weight for given, weight in wanted.items() for name in _meant(given, rows)}
    found = [_read(name, rows, catalog, decay) for name in weights]
    features = [feature.with_typical(TYPICAL_ITEMS) for feature, _ in found]
    if not any(feature.known.any() for feature in features):
        raise DataError(f"the catalog knows no {' or '.join(weights)} of any of the {len(item_ids):,} items")
    return features, list(weights.values()), [terms for _, terms in found]


def _meant(name: str, rows: pl.DataFrame) -> list[str]:
    """The features a name stands for: "numeric" for every column of floats, any other for itself."""
    if name != "numeric" or name in rows.columns:
        return [name]
    floats = [column for column, kind in rows.schema.items() if kind.is_float()]
    if not floats:
        raise DataError("features= asks for numeric, but the catalog has no column of floats")
    return floats


def _read(name: str, rows: pl.DataFrame, catalog: Catalog, decay: float) -> tuple[Feature, list[str]]:
    if name == "text":
        words, terms = _words(_texts(rows, catalog))
        return Feature(name, words), terms
    column = "year" if name == "years" else name
    if column not in rows.columns or column == "item":
        known = ", ".join(rows.columns[1:]) or "none"
        raise DataError(f"features= asks for {name}, but the catalog has no column {column!r}; it has {known}")
    values, kind = rows[column], rows.schema[column]
    inner = getattr(kind, "inner", None)
    if kind in (pl.String, pl.List(pl.String), pl.Null, pl.List(pl.Null)):
        labels, terms = _labels(values)
        return Feature(name, labels), terms
    if inner is not None and inner.is_numeric():
        table = _embeddings(values, name)
        return Feature(name, table), [f"{name} {dimension}" for dimension in range(table.shape[1])]
    if not (kind.is_numeric() or kind == pl.Boolean):
        raise DataError(f"features= asks for {name}, whose type {kind} cannot be compared; give numbers or labels")
    numbers = values.cast(pl.Float64).fill_null(np.nan).to_numpy().copy()
    numbers[~np.isfinite(numbers)] = np.nan
    return Feature(name, numbers, decay if column == "year" else _deviation(numbers)), [name]


def _deviation(numbers: RealArray) -> float:
    """The standard deviation of the known numbers, 1 where they are all one."""
    known = numbers[~np.isnan(numbers)]
    return (float(known.std()) if len(known) else 0.0) or 1.0


def _labels(values: pl.Series) -> tuple[sparse.csr_array, list[str]]:
    listed = values.cast(pl.List(pl.String)) if values.dtype != pl.String else values.reshape((-1, 1)).arr.to_list()
    pairs = pl.DataFrame({"row": np.arange(len(values)), "label": listed}).explode("label").drop_nulls().unique()
    terms = pairs["label"].unique().sort()
    columns = pairs["label"].cast(pl.Enum(terms)).to_physical().to_numpy()
    entries = np.ones(len(pairs)), (pairs["row"].to_numpy(), columns)
    return sparse.csr_array(entries, shape=(len(values), len(terms))), terms.to_list()


def _embeddings(values: pl.Series, name: str) -> RealArray:
    listed = values.cast(pl.List(pl.Float64))
    lengths = listed.list.len().drop_nulls().unique()
    if len(lengths) > 1:
        raise DataError(f"the embeddings in column {name!r} are of {len(lengths)} different lengths; give them one")
    width = int(lengths[0]) if len(lengths) else 0
    table = np.zeros((len(values), width))
    if width:
        flat = listed.drop_nulls().explode().fill_null(0.0).to_numpy()
        table[listed.is_not_null().to_numpy()] = np.nan_to_num(flat.reshape(-1, width), posinf=0.0, neginf=0.0)
    return table


def _texts(rows: pl.DataFrame, catalog: Catalog) -> list[str]:
    """Title without its year, tags, and the column `text`, of every row."""
    empty = [""] * len(rows)
    titles = [split_title(title or "")[0] for title in rows["title"]] if "title" in rows.columns else empty
    prose = [text or "" for text in rows["text"]] if "text" in rows.columns else empty
    tagged: dict[object, str] = {}
    if catalog.tags is not None:
        joined = catalog.tags.drop_nulls(["tag"]).group_by("item").agg(pl.col("tag").str.join(" "))
        tagged = dict(joined.select("item", "tag").iter_rows())
    elif not {"title", "text"} & set(rows.columns):
        raise DataError("features= asks for text, but the catalog has no title, no tags and no column 'text'")
    tags = [tagged.get(item, "") for item in rows["item"]]
    return [" ".join(parts) for parts in zip(titles, tags, prose, strict=True)]


def _words(texts: list[str]) -> tuple[sparse.csr_array, list[str]]:
    """TF-IDF: (1 + log tf) (1 + log((1 + n) / (1 + df))) of every word but the commonest of English."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(sublinear_tf=True, stop_words="english", norm=None)
    try:
        counted = vectorizer.fit_transform(texts)
    except ValueError:  # not a single word
        return sparse.csr_array((len(texts), 0), dtype=np.float64), []
    return sparse.csr_array(counted), vectorizer.get_feature_names_out().tolist()

"""What a table says as weighted terms: each kind of column, beside a count by hand."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy import sparse

from longtail.data.terms import names_of, padded, read_terms
from longtail.errors import ConfigError, DataError

TABLE = pl.DataFrame(
    {
        "item": [1, 2, 3, 4],
        "title": ["Blue Moon (1999)", "Blue Sky (2001)", "Moon", None],
        "genres": [["drama", "war", "war"], ["drama"], [], None],
        "year": [1999, 2001, None, 2001],
        "mood": ["sad", None, "glad", "sad"],
        "vector": [[3.0, 4.0], [0.0, 2.0], None, [1.0, None]],
        "old": [True, False, None, True],
        "when": pl.Series([0, 1, 2, 3]).cast(pl.Date),
    }
)


def test_labels_and_lists_of_labels() -> None:
    found, terms = read_terms(TABLE, ["genres", "mood"])
    assert terms == ["genres drama", "genres war", "mood glad", "mood sad"]
    half = 0.5**0.5
    np.testing.assert_allclose(
        found.toarray(), [[half, half, 0, 1], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], rtol=1e-6
    )


def test_numbers_fall_into_parts_of_equal_size() -> None:
    found, terms = read_terms(TABLE, ["years", "old"])
    assert terms == ["years from 1999", "years from 2001", "old from 0", "old from 1"]
    assert found.toarray().tolist() == [[1, 0, 0, 1], [0, 1, 1, 0], [0, 0, 0, 0], [0, 1, 0, 1]]
    many = pl.DataFrame({"item": range(1000), "price": np.random.default_rng(0).exponential(size=1000)})
    counts = np.asarray(read_terms(many, ["price"])[0].sum(axis=0)).ravel()
    assert len(counts) == 10
    assert np.abs(counts - 100).max() <= 1


def test_words_that_stand_twice() -> None:
    found, terms = read_terms(TABLE, ["text"])
    assert terms == ["text blue", "text moon"]
    lengths = np.sqrt((found.toarray() ** 2).sum(axis=1))
    np.testing.assert_allclose(lengths, [1, 1, 1, 0], rtol=1e-6)
    assert found[0, 0] == found[0, 1] > 0
    assert read_terms(TABLE.with_columns(title=pl.lit("unique")).head(1), ["text"])[1] == []


def test_embeddings_have_length_one() -> None:
    found, _ = read_terms(TABLE, ["vector"])
    np.testing.assert_allclose(found.toarray(), [[0.6, 0.8], [0, 1], [0, 0], [1, 0]], rtol=1e-6)
    with pytest.raises(DataError, match="2 different lengths"):
        read_terms(pl.DataFrame({"item": [1, 2], "vector": [[1.0], [1.0, 2.0]]}), ["vector"])


def test_nothing_known_or_asked_for() -> None:
    assert read_terms(TABLE, [])[0].shape == (4, 0)
    empty = pl.DataFrame(
        {"item": [1, 2], "genres": [None, None], "size": [None, None]}, schema_overrides={"size": pl.Int64}
    )
    assert read_terms(empty, ["genres", "size"])[0].shape == (2, 0)


@pytest.mark.parametrize("name", ["item", "color", "when"])
def test_columns_that_cannot_be_read_are_refused(name: str) -> None:
    with pytest.raises(DataError, match="features="):
        read_terms(TABLE, [name])


def test_text_needs_a_title_or_a_text() -> None:
    with pytest.raises(DataError, match="no title"):
        read_terms(TABLE.select("item", "year"), ["text"])


def test_names() -> None:
    assert names_of("") == names_of("  ") == []
    for wrong in ("genres+", "+", "genres+genres"):
        with pytest.raises(ConfigError, match="joined"):
            names_of(wrong)


def test_the_weightiest_terms_of_each_row() -> None:
    rng = np.random.default_rng(0)
    table = sparse.random_array((30, 12), density=0.4, format="csr", rng=rng)
    for width in (3, 20):
        terms, weights = padded(table, width)
        for row, dense in enumerate(table.toarray()):
            wanted = np.sort(dense[dense > 0])[::-1][:width]
            assert weights[row][: len(wanted)].tolist() == wanted.astype(np.float32).tolist()
            assert not weights[row][len(wanted) :].any()
            np.testing.assert_array_equal(
                dense[terms[row][: len(wanted)]].astype(np.float32), weights[row][: len(wanted)]
            )


def test_the_weightiest_terms_are_kept_whatever_their_sign() -> None:
    terms, weights = padded(sparse.csr_array(np.array([[0.6, -0.8, 0.1]])), width=2)
    assert terms.tolist() == [[1, 0]]
    assert weights[0] == pytest.approx([-0.8, 0.6])

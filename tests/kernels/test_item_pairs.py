import numpy as np
import pytest

from longtail.kernels import item_pairs


@pytest.mark.parametrize("n_bits", [0, 1, 63, 64, 65, 200])
def test_jaccard_agrees_with_sets(rng: np.random.Generator, n_bits: int) -> None:
    member = rng.random((20, n_bits)) < 0.4
    member[0] = False
    a, b = np.divmod(np.arange(400), 20)
    sets = [set(np.flatnonzero(row).tolist()) for row in member]
    expected = [len(sets[i] & sets[j]) / max(1, len(sets[i] | sets[j])) for i, j in zip(a, b, strict=True)]
    assert item_pairs.jaccard(item_pairs.words_of_bits(member), a, b).tolist() == expected


def test_all_64_bits_are_counted() -> None:
    words = np.array([[2**64 - 1], [2**63]], dtype=np.uint64)
    assert item_pairs.jaccard(words, np.array([0]), np.array([1])).tolist() == [1 / 64]


def test_inner_products(rng: np.random.Generator) -> None:
    vectors = rng.standard_normal((20, 9))
    a, b = rng.integers(0, 20, (2, 300))
    np.testing.assert_allclose(item_pairs.inner_products(vectors, a, b), (vectors[a] * vectors[b]).sum(axis=1))

import numpy as np
import polars as pl
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.preprocessing import StandardScaler

import longtail as lt
from longtail.data.catalog import Catalog
from longtail.data.ids import Ids
from longtail.errors import DataError
from longtail.evaluation.metrics import content_similarity as similarity
from longtail.evaluation.metrics.similarity import ItemSimilarity

N_ITEMS = 8


def data(**columns: object) -> lt.Interactions:
    frame = {"user": [1] * N_ITEMS, "item": list(range(N_ITEMS))}
    return lt.Interactions.from_frame(frame, catalog=Catalog(pl.DataFrame({"item": frame["item"], **columns})))


def all_pairs(alike: ItemSimilarity) -> np.ndarray:
    a, b = np.divmod(np.arange(N_ITEMS**2), N_ITEMS)
    return alike.pairs(a, b).reshape(N_ITEMS, N_ITEMS)


def test_embeddings_agree_with_scikit_learn(rng: np.random.Generator) -> None:
    vectors = rng.standard_normal((N_ITEMS, 5)) + 1
    vectors[3] = 0.0
    found = all_pairs(similarity.embedding_cosine(Ids(range(N_ITEMS)), vectors))
    np.testing.assert_allclose(found, cosine_similarity(vectors), atol=1e-12)


def test_features_agree_with_scikit_learn(rng: np.random.Generator) -> None:
    light, motion = rng.random((2, N_ITEMS))
    films = data(
        light=light, motion=motion * 100, same=np.ones(N_ITEMS), year=np.arange(N_ITEMS), title=["x"] * N_ITEMS
    )
    expected = cosine_similarity(StandardScaler().fit_transform(np.column_stack([light, motion])))
    np.testing.assert_allclose(all_pairs(similarity.feature_cosine(films)), expected, atol=1e-12)
    by_year = all_pairs(similarity.feature_cosine(films, ["year"]))
    np.testing.assert_allclose(by_year, np.outer(*[np.sign(np.arange(N_ITEMS) - 3.5)] * 2), atol=1e-12)


def test_a_missing_number_counts_as_the_mean() -> None:
    films = data(light=[0.0, 1.0, None, np.nan, 0.0, 1.0, 0.0, 1.0])
    found = all_pairs(similarity.feature_cosine(films))
    assert found[0, :4].round(9).tolist() == [1.0, -1.0, 0.0, 0.0]


def test_text_agrees_with_scikit_learn() -> None:
    texts = ["space heist", "a heist in space", "wedding", None, "", "space wedding space", "the", "heist"]
    tags = [["robot"], [], None, ["robot", "love"], [], [], [], ["love"]]
    films = data(text=texts, tags=tags)
    weights = TfidfVectorizer(stop_words="english", sublinear_tf=True).fit_transform([text or "" for text in texts])
    np.testing.assert_allclose(all_pairs(similarity.text_cosine(films)), cosine_similarity(weights), atol=1e-12)
    both = all_pairs(similarity.text_cosine(films, ("text", "tags")))
    assert both[0, 3] > 0 == all_pairs(similarity.text_cosine(films))[0, 3]


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    alike = similarity.text_cosine(data(text=[f"word{k % 3} other{k}" for k in range(N_ITEMS)]))
    whole = all_pairs(alike)
    monkeypatch.setattr(similarity, "PAIRS_AT_ONCE", 5)
    assert all_pairs(alike).tolist() == whole.tolist()


def test_any_similarity_measures_the_diversity_of_lists(rng: np.random.Generator) -> None:
    films = data(light=rng.random(N_ITEMS), text=[f"word{k % 3}" for k in range(N_ITEMS)])
    lists = lt.TopN([0], [[0, 3, 1]], [[3, 2, 1]], films.user_ids, films.item_ids)
    by_text = lt.metrics.intra_list_diversity(lists, similarity.text_cosine(films))
    assert by_text == pytest.approx(1 - 1 / 3)
    cosines = all_pairs(similarity.feature_cosine(films))
    expected = 1 - (cosines[0, 3] + cosines[0, 1] + cosines[1, 3]) / 3
    assert lt.metrics.intra_list_diversity(lists, similarity.feature_cosine(films)) == pytest.approx(expected)


def test_what_cannot_work_is_refused(small: lt.Interactions) -> None:
    films = data(title=["x"] * N_ITEMS, text=["the"] * N_ITEMS)
    with pytest.raises(DataError, match="no column of floats"):
        similarity.feature_cosine(films)
    with pytest.raises(DataError, match="no column of numbers 'title'"):
        similarity.feature_cosine(films, ["title"])
    with pytest.raises(DataError, match="no item has a word in text"):
        similarity.text_cosine(films)
    with pytest.raises(DataError, match="no column of text 'plot'"):
        similarity.text_cosine(films, ["plot"])
    for make in (similarity.feature_cosine, similarity.text_cosine):
        with pytest.raises(DataError, match="needs a catalog"):
            make(small)
    with pytest.raises(DataError, match="do not fit 2 items"):
        similarity.embedding_cosine(Ids([1, 2]), np.ones((3, 2)))
    with pytest.raises(DataError, match="not a finite number"):
        similarity.embedding_cosine(Ids([1, 2]), [[1.0], [np.nan]])

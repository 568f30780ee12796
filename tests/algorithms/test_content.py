"""Content-based recommenders: every similarity beside a plain computation, missing facts, weights, cold items."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

import longtail as lt
import longtail.testing
from longtail.algorithms.content.features import Feature, Rule, similarities
from longtail.algorithms.content.reading import read_features, wanted_features
from longtail.algorithms.content.weights import _drawn, _error, _nearest
from longtail.data.ids import Ids
from longtail.errors import ConfigError, DataError

FILMS = pl.DataFrame(
    {
        "item": [1, 2, 3, 4, 5],
        "title": ["Alien (1979)", "Alien Resurrection (1997)", "The Casablanca Story (1942)", None, "Solaris"],
        "year": [1979, 1997, 1942, None, 1972],
        "genres": [["SF", "Horror"], ["SF"], ["Drama", "War", "Romance"], [], None],
        "director": ["Scott", "Jeunet", "Curtiz", "Scott", None],
        "motion": [0.2, 0.9, 0.1, float("nan"), None],
        "cost": [11, 75, 1, None, 2],
        "vector": [[1.0, 0.0], [1.0, 1.0], [-1.0, 0.5], None, [0.0, 0.0]],
    }
)
TAGS = pl.DataFrame({"user": [7, 8, 7], "item": [1, 1, 5], "tag": ["space monster", "monster", "space"]})
CATALOG = lt.Catalog(FILMS, tags=TAGS)
EVERY = np.arange(5, dtype=np.int32)


def read(features: str, catalog: lt.Catalog = CATALOG, decay: float = 10.0) -> list[Feature]:
    return read_features(wanted_features(features), catalog, Ids(FILMS["item"].to_list(), kind="item"), decay)[0]


def table(features: str) -> Any:
    (feature,) = read(features)
    return feature.similarity(EVERY, EVERY)


def filled(known: list[int], similar: Any) -> Any:
    """Between known items as given, elsewhere the mean over pairs of different known items."""
    part = np.array([[similar(i, j) for j in known] for i in known])
    mean = (part.sum() - np.trace(part)) / (len(known) * (len(known) - 1))
    full = np.full((5, 5), mean)
    full[np.ix_(known, known)] = part
    return full


# -- one feature at a time ---------------------------------------------------------------------------------------------


def test_genres() -> None:
    sets = [set(genres or []) for genres in FILMS["genres"].to_list()]
    expected = filled([0, 1, 2], lambda i, j: len(sets[i] & sets[j]) / math.sqrt(len(sets[i]) * len(sets[j])))
    assert np.allclose(table("genres"), expected)


def test_a_column_of_labels() -> None:
    names = FILMS["director"].to_list()
    assert np.allclose(table("director"), filled([0, 1, 2, 3], lambda i, j: float(names[i] == names[j])))


@pytest.mark.parametrize("decay", [10.0, 3.0])
def test_years(decay: float) -> None:
    years = FILMS["year"].to_list()
    (feature,) = read("years", decay=decay)
    expected = filled([0, 1, 2, 4], lambda i, j: math.exp(-abs(years[i] - years[j]) / decay))
    assert np.allclose(feature.similarity(EVERY, EVERY), expected)


@pytest.mark.parametrize(("name", "known"), [("motion", [0, 1, 2]), ("cost", [0, 1, 2, 4])])
def test_numbers(name: str, known: list[int]) -> None:
    numbers = FILMS[name].cast(float).fill_null(float("nan")).to_numpy()
    deviation = numbers[known].std()
    expected = filled(known, lambda i, j: math.exp(-abs(numbers[i] - numbers[j]) / deviation))
    assert np.allclose(table(name), expected)


def test_embeddings() -> None:
    vectors = np.array([[1.0, 0.0], [1.0, 1.0], [-1.0, 0.5], [0.0, 0.0], [0.0, 0.0]])

    def cosine(i: int, j: int) -> float:
        return max(0.0, vectors[i] @ vectors[j] / (np.linalg.norm(vectors[i]) * np.linalg.norm(vectors[j])))

    assert np.allclose(table("vector"), filled([0, 1, 2], cosine))
    as_array = lt.Catalog(
        pl.DataFrame({"item": FILMS["item"], "vector": pl.Series(vectors.tolist(), dtype=pl.Array(pl.Float32, 2))})
    )
    assert np.allclose(read("vector", as_array)[0].similarity(EVERY, EVERY), table("vector"))


def test_text() -> None:
    texts = ["alien space monster monster", "alien resurrection", "the casablanca story", "", "solaris space"]
    words = TfidfVectorizer(sublinear_tf=True, stop_words="english").fit_transform(texts).toarray()
    assert np.allclose(table("text"), filled([0, 1, 2, 4], lambda i, j: words[i] @ words[j]))
    assert table("text")[0, 1] > 0
    assert table("text")[0, 2] == 0


def test_text_of_a_column_without_titles() -> None:
    prose = lt.Catalog(pl.DataFrame({"item": [1, 2, 3], "text": ["deep space", "space race", None]}))
    assert read("text", prose)[0].similarity(EVERY[:1], EVERY[1:2])[0, 0] > 0


def test_numeric_means_every_column_of_floats() -> None:
    assert [feature.name for feature in read("years+numeric")] == ["years", "motion"]


# -- all features together ---------------------------------------------------------------------------------------------


def test_a_product_and_a_mean_by_hand() -> None:
    features = read("genres+years*0.5+director*2")
    parts = [feature.similarity(EVERY, EVERY) for feature in features]
    product = similarities(features, EVERY, EVERY, Rule("product", np.array([1.0, 0.5, 2.0])))
    mean = similarities(features, EVERY, EVERY, Rule("mean", np.array([1.0, 0.5, 2.0])))
    off = ~np.eye(5, dtype=bool)
    assert np.allclose(product[off], (parts[0] * parts[1] ** 0.5 * parts[2] ** 2)[off])
    assert np.allclose(mean[off], ((parts[0] + 0.5 * parts[1] + 2 * parts[2]) / 3.5)[off])
    assert not product[~off].any()


def test_a_floor_and_a_weight_of_zero() -> None:
    parts = [np.array([0.0, 0.5]), np.array([0.25, 0.0])]
    assert Rule("product", np.array([1.0, 0.5]), floor=0.01).combined(parts).tolist() == [0.01 * 0.5, 0.5 * 0.1]
    assert Rule("product", np.array([0.0, 1.0])).combined(parts).tolist() == [0.25, 0.0]


def test_an_item_of_which_nothing_is_known_is_like_no_other() -> None:
    similar = similarities(read("genres"), EVERY, EVERY, Rule("product", np.ones(1)))
    assert not similar[3:].any()
    assert not similar[:, 3:].any()
    assert similarities(read("genres+years"), EVERY, EVERY, Rule("product", np.ones(2)))[4, 0] > 0


# -- what cannot be read -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["", "genres+", "genres+genres", "genres*", "genres*x", "genres*-1", "genres*0", "a*inf"]
)
def test_features_that_cannot_be_read(text: str) -> None:
    for cls in (lt.ContentKNN, lt.ContentProfile):
        with pytest.raises(ConfigError, match="features"):
            cls(features=text)


@pytest.mark.parametrize(
    ("features", "columns", "words"),
    [
        ("genres+mood", {}, "asks for mood, but the catalog has no column 'mood'; it has year"),
        ("years", {"year": None}, "the catalog knows no years of any of the 2 items"),
        ("text", {}, "no title, no tags and no column 'text'"),
        ("numeric", {}, "has no column of floats"),
        ("seen", {"seen": [__import__("datetime").date(2020, 1, 1)] * 2}, "whose type Date cannot be compared"),
        ("v", {"v": [[1.0], [1.0, 2.0]]}, "column 'v' are of 2 different lengths"),
    ],
)
def test_a_catalog_without_what_is_asked_for(features: str, columns: dict[str, Any], words: str) -> None:
    catalog = lt.Catalog(pl.DataFrame({"item": [1, 2], "year": [1990, 2000], "genres": [["a"], ["b"]], **columns}))
    data = lt.Interactions.from_frame({"user": [1, 1], "item": [1, 2], "rating": [4.0, 2.0]}, catalog=catalog)
    for cls in (lt.ContentKNN, lt.ContentProfile):
        with pytest.raises(DataError, match=words) as caught:
            cls(features=features).fit(data)
        assert "\n" not in str(caught.value)


def test_a_catalog_of_other_items_is_refused() -> None:
    for ids in ([8, 9], ["1", "2"]):
        catalog = lt.Catalog(pl.DataFrame({"item": ids, "year": [1990, 2000]}))
        data = lt.Interactions.from_frame({"user": [1, 1], "item": [1, 2], "rating": [4.0, 2.0]}, catalog=catalog)
        with pytest.raises(DataError, match="knows no years of any"):
            lt.ContentKNN(features="years").fit(data)


@pytest.mark.parametrize("features", ["genres", "years", "text", "motion", "vector", "genres+years+text+motion+vector"])
def test_a_catalog_of_one_item(features: str) -> None:
    one = {"item": [1], "title": ["Up"], "year": [2009], "genres": [["Animation"]], "motion": [0.5], "vector": [[1.0]]}
    catalog = lt.Catalog(pl.DataFrame({**one, "text": ["balloons"]}))
    data = lt.Interactions.from_frame({"user": [1, 2], "item": [1, 1], "rating": [4.0, 2.0]}, catalog=catalog)
    for model in (lt.ContentKNN(features=features), lt.ContentKNN(features=features, weights="learned")):
        assert np.isfinite(model.fit(data).predict([1, 2], [1, 1])).all()
    assert lt.ContentProfile(features=features).fit(data).recommend_for([{}], n=3).of(0) == [1]


# -- estimates ---------------------------------------------------------------------------------------------------------


def world(seed: int = 0, users: int = 40, items: int = 60, density: float = 0.5) -> lt.Interactions:
    """Taste for one number, `told`; `idle` means nothing. The last five items are met by nobody."""
    rng = np.random.default_rng(seed)
    told, idle = rng.random(items), rng.random(items)
    favorite = rng.random(users)
    met = rng.random((users, items)) < density
    met[:, -5:] = False
    person, item = np.nonzero(met)
    ratings = np.clip(5.0 - 6.0 * np.abs(favorite[person] - told[item]) + 0.2 * rng.normal(size=len(item)), 0.5, 5.0)
    catalog = lt.Catalog(pl.DataFrame({"item": np.arange(items), "told": told, "idle": idle}))
    rows = {"user": person, "item": item, "rating": ratings}
    return lt.Interactions.from_frame(rows, catalog=catalog, scale=(0.5, 5)).with_items()


@pytest.mark.parametrize("variant", ["basic", "mean", "baseline"])
@pytest.mark.parametrize("combine", ["product", "mean"])
def test_estimates_by_a_plain_computation(variant: Any, combine: Any) -> None:
    data = world(users=12, items=20)
    model = lt.ContentKNN(
        features="told+idle*2", variant=variant, combine=combine, neighbors=4, damping=0.5, reg_user=1.5
    ).fit(data)
    similar = similarities(model._features(), *[np.arange(20, dtype=np.int32)] * 2, model._rule)
    mu, item_bias, ratings = model.mean_, model.item_bias_.astype(float), data.by_user.toarray()
    people = data.user_ids.values
    for user in range(data.n_users):
        rated = np.flatnonzero(ratings[user])
        residual = ratings[user, rated] - mu - item_bias[rated]
        bias = residual.sum() / (model.reg_user + len(rated))
        center = {"basic": mu, "mean": ratings[user, rated].mean(), "baseline": mu + bias}[variant]
        base = item_bias if variant == "baseline" else np.zeros(20)
        found = model.predict([people[user]] * 20, data.item_ids.values)
        for item in range(20):
            near = sorted((j for j in rated if j != item), key=lambda j: -similar[item, j])[:4]
            weights = similar[item, near]
            said = (weights * (ratings[user, near] - center - base[near])).sum() / (0.5 + weights.sum())
            assert found[item] == pytest.approx(np.clip(center + base[item] + said, 0.5, 5.0), abs=1e-4)


def test_learning_online_is_what_a_refit_learns_but_for_item_biases() -> None:
    data = world()
    person, items = data.user_ids[3], data.item_ids.values[[1, 2, -1]]
    more = data.to_frame().filter(~((pl.col("user") == person) & pl.col("item").is_in(items)))
    more = pl.concat(
        [more, pl.DataFrame({"user": [person] * 3, "item": items, "rating": [1.0, 2.0, 5.0]}).cast(more.schema)]
    )
    again = lt.Interactions.from_frame(more, catalog=data.catalog, scale=(0.5, 5)).with_items()
    told = lt.ContentKNN(features="told", variant="mean").fit(data).learn([person] * 3, items, [1.0, 2.0, 5.0])
    fresh = lt.ContentKNN(features="told", variant="mean").fit(again)
    everything = data.item_ids.values
    assert np.allclose(
        told.predict([person] * len(everything), everything), fresh.predict([person] * len(everything), everything)
    )
    profile = lt.ContentProfile(features="told").fit(data).learn([person] * 3, items, [1.0, 2.0, 5.0])
    refit = lt.ContentProfile(features="told").fit(again)
    for n in (5, 30):
        assert profile.recommend([person], n=n).of(person) == refit.recommend([person], n=n).of(person)


# -- items nobody has met ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chosen", [{}, {"ranking": "rating"}, {"variant": "basic"}, {"combine": "mean"}])
def test_cold_items_are_recommended_and_predicted(chosen: dict[str, Any]) -> None:
    data = world()
    model = lt.ContentKNN(features="told", **chosen).fit(data)
    cold = np.flatnonzero(data.item_counts == 0)
    assert len(cold) >= 5
    listed = model.recommend(n=data.n_items)
    assert set(cold) <= set(listed.items[listed.filled].tolist())
    favorite = data.user_ids[0]
    found = model.predict([favorite] * len(cold), data.item_ids.values[cold])
    assert np.unique(found).size > 1
    assert np.isin(model.recommend_for([{}], n=data.n_items).items, cold).sum() == len(cold)


def test_a_cold_item_is_rated_as_its_likes_are() -> None:
    """Predictions of what nobody has met come nearer to the truth than the mean does."""
    data = world(users=200)
    hidden = np.isin(data.items, np.arange(0, 40, 4))
    train, test = data.take(~hidden), data.take(hidden)
    assert not train.item_counts[test.items].any()
    found = lt.ContentKNN(features="told", neighbors=5, damping=0.1).fit(train).predict_ratings(test)
    assert not found.impossible.any()
    assert lt.metrics.rmse(found) < 0.5 * test.values.std()
    assert lt.metrics.rmse(lt.Bias().fit(train).predict_ratings(test)) > 0.7 * test.values.std()


def test_profiles_recommend_cold_items() -> None:
    data = world()
    lists = lt.ContentProfile(features="told").fit(data).recommend(n=data.n_items)
    assert set(np.flatnonzero(data.item_counts == 0)) <= set(lists.items[lists.filled].tolist())


def test_an_item_without_rows_and_without_content_is_not_recommended() -> None:
    data = world().with_items([*range(60), 999])
    for model in (lt.ContentKNN(features="told"), lt.ContentProfile(features="told")):
        lists = model.fit(data).recommend(n=data.n_items)
        assert 999 not in lists.item_ids[lists.items[lists.filled]]
        assert 999 not in model.recommend_for([{}], n=data.n_items).of(0)


# -- weights -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("combine", ["product", "mean"])
def test_learned_weights_find_the_feature_that_matters(combine: Any) -> None:
    data = world(users=150)
    model = lt.ContentKNN(features="told+idle", combine=combine, weights="learned").fit(data)
    told, idle = model.feature_weights_
    assert told > 5 * idle
    train, test = lt.splits.random_holdout(data, 0.25, seed=1)
    given, learned = (
        lt.metrics.rmse(model.clone(weights=weights).fit(train).predict_ratings(test))
        for weights in ("given", "learned")
    )
    assert learned < 0.95 * given


@pytest.mark.parametrize("combine", ["product", "mean"])
def test_the_gradient_is_that_of_the_error(combine: Any) -> None:
    data = world(users=15)
    model = lt.ContentKNN(features="told+idle*2", combine=combine).fit(data)
    sample = _drawn(model._features(), model._centered(model.ratings_)[0], seed=0)
    start, weights = Rule(combine, np.array([1.0, 2.0]), floor=0.01), np.array([0.7, 1.1])
    chosen = _nearest(start.combined(list(sample.parts)), sample.present, 5)
    _, gradient = _error(weights, sample, chosen, start, 0.5)
    for number in range(2):
        step = 1e-6 * np.eye(2)[number]
        up, down = (_error(weights + sign * step, sample, chosen, start, 0.5)[0] for sign in (1, -1))
        assert gradient[number] == pytest.approx((up - down) / 2e-6, rel=1e-4)


def test_weights_are_learned_without_the_rating_to_predict() -> None:
    data = world(users=15)
    model = lt.ContentKNN(features="told").fit(data)
    said = model._centered(model.ratings_)[0]
    sample = _drawn(model._features(), said, seed=0)
    assert (sample.present.sum(axis=1) == np.repeat(data.user_counts, data.user_counts) - 1).all()
    assert np.allclose(
        (sample.others * sample.present).sum(axis=1) + sample.target,
        np.repeat(said.sum(axis=1), data.user_counts),
        atol=1e-4,
    )


def test_the_same_seed_learns_the_same_weights() -> None:
    data = world()
    one, two = (lt.ContentKNN(features="told+idle", weights="learned", seed=4).fit(data) for _ in range(2))
    assert np.array_equal(one.feature_weights_, two.feature_weights_)


# -- profiles ----------------------------------------------------------------------------------------------------------


def test_a_profile_by_a_plain_computation() -> None:
    ids = FILMS["item"].to_list()
    data = lt.Interactions.from_frame({"user": [1, 1, 2], "item": [1, 3, 2], "rating": [5.0, 1.0, 3.0]}, scale=(1, 5))
    model = lt.ContentProfile(features="genres*4+director").fit(data.with_catalog(CATALOG).with_items(ids))
    vectors = model.vectors_.toarray()
    scott = np.array([math.sqrt(4 / 2) * (term == "genres: SF" or term == "genres: Horror") for term in model.terms_])
    scott[model.terms_.index("director: Scott")] = 1.0
    assert np.allclose(vectors[model.item_ids_.index([1])[0]], scott / np.linalg.norm(scott))
    liked = 1.0 * vectors[model.item_ids_.index([1])[0]] + 0.2 * vectors[model.item_ids_.index([3])[0]]
    scores = vectors @ liked / np.linalg.norm(liked)
    listed = model.recommend([1], n=5, exclude="none").to_frame()
    expected = [(item, scores[model.item_ids_.index([item])[0]]) for item in listed["item"]]
    assert listed["score"].to_list() == pytest.approx([score for _, score in expected], abs=1e-6)
    assert model.profile([1], n=2)["term"].to_list() == ["genres: Horror", "genres: SF"]
    assert model.profile_for({3: 5.0}, n=1)["term"].to_list() == ["genres: Drama"]


def test_years_in_a_profile_are_shared_out_between_two_marks() -> None:
    data = lt.Interactions.from_frame({"user": [1, 1], "item": [1, 2], "rating": [5.0, 1.0]}).with_catalog(CATALOG)
    model = lt.ContentProfile(features="years").fit(data)
    shares = dict(zip(model.terms_, model.vectors_.toarray()[0], strict=True))  # 1979
    assert shares["years: 1980"] / shares["years: 1970"] == pytest.approx(0.9 / 0.1)


# -- the way into the data ---------------------------------------------------------------------------------------------


def test_more_items_keep_the_rows() -> None:
    data = lt.Interactions.from_frame({"user": [1, 2], "item": [30, 10], "rating": [5.0, 3.0]})
    more = data.with_catalog(CATALOG).with_items()
    assert more.item_ids.values.tolist() == [30, 10, 1, 2, 3, 4, 5]
    assert more.to_frame().equals(data.to_frame())
    assert data.with_items([10]).item_ids == data.item_ids
    with pytest.raises(DataError, match="these data have none; name the items"):
        data.with_items()
    with pytest.raises(DataError, match="integers in one part and strings"):
        data.with_items(["a"])


def test_features_join_by_item() -> None:
    more = CATALOG.with_features(pl.DataFrame({"ML_Id": [5, 1, 77], "shots": [3.0, 1.0, 9.0]}), item="ML_Id")
    assert more.items["shots"].to_list() == [1.0, None, None, None, 3.0]
    assert (more.items.drop("shots").equals(CATALOG.items) and more.tags is CATALOG.tags) or more.tags.equals(TAGS)
    for frame, words in (
        ({"shots": [1.0]}, "no column of items; found shots"),
        ({"item": [1], "year": [1.0]}, "has a column 'year' already"),
        ({"item": [1, 1], "shots": [1.0, 2.0]}, "stands twice"),
    ):
        with pytest.raises(DataError, match=words):
            CATALOG.with_features(frame)


# -- the contract, with other features than the defaults ---------------------------------------------------------------

EVERYTHING = {
    "content-knn": {"features": "genres+years+text", "combine": "mean", "weights": "learned"},
    "content-profile": {"features": "genres+years*0.5+text", "preference": "liked"},
}


@pytest.mark.parametrize(
    "case", longtail.testing.cases(list(EVERYTHING), hyperparameters=EVERYTHING, exempt={}), ids=str
)
def test_contract_with_text_and_learned_weights(case: longtail.testing.Case) -> None:
    case()

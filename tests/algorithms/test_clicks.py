"""Click models as a whole: learning from impressions, stopping, unknown values, artifacts; learning to recommend."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression

import longtail as lt
from longtail.algorithms.clicks.encoding import encoded, layout
from longtail.algorithms.clicks.people import Events
from longtail.errors import ConfigError, DataError, NotFittedError
from longtail.kernels.areas import areas

DEEP: dict[str, Any] = {"factors": 4, "hidden": (8,), "batch_size": 128, "learning_rate": 0.01}


def table(seed: int = 0, n: int = 600) -> pl.DataFrame:
    """Clicks come in the morning on phones and in the evening elsewhere, more often when it is cheap."""
    rng = np.random.default_rng(seed)
    hour, device = rng.choice([8, 20], n), rng.choice(["phone", "desk"], n)
    price = rng.normal(3.0, 2.0, n)
    tags = [rng.choice(["new", "old", "red"], rng.integers(0, 3), replace=False).tolist() for _ in range(n)]
    fits = np.where((hour == 8) == (device == "phone"), 1.5, -1.5)
    logit = fits - 0.4 * (price - 3.0) + np.array([0.8 * ("new" in row) for row in tags])
    label = (rng.random(n) < 1.0 / (1.0 + np.exp(-logit))).astype(int)
    user = rng.integers(0, 12, n)
    return pl.DataFrame({"label": label, "user": user, "hour": hour, "device": device, "price": price, "tags": tags})


def impressions(seed: int = 0, n: int = 600, **options: Any) -> lt.Impressions:
    return lt.Impressions.from_frame(table(seed, n), user="user", **options)


# -- impressions -------------------------------------------------------------------------------------------------------


def test_features_are_laid_out_field_by_field() -> None:
    data = lt.Impressions.from_frame(
        {"label": [1, 0, 1], "hour": [8, 9, 8], "price": [1.0, 2.0, 3.0], "tags": [["a", "b"], [], ["b"]]}
    )
    fields, ids, n_features = layout(data)
    assert [(f["name"], f["begin"], f["slots"]) for f in fields] == [("hour", 0, 1), ("price", 3, 1), ("tags", 4, 2)]
    assert n_features == 7
    features, amounts, slots = encoded(data, fields, ids)
    assert features.tolist() == [[0, 3, 4, 5], [1, 3, 4, 4], [0, 3, 5, 4]]
    root, spread = np.sqrt(0.5), np.sqrt(1.5)
    expected = [[1, -spread, root, root], [1, 0, 0, 0], [1, spread, 1, 0]]
    assert amounts == pytest.approx(np.array(expected), abs=1e-6)
    assert slots == (1, 1, 2)


def test_logistic_regression_is_that_of_scikit_learn() -> None:
    data = lt.Impressions.from_frame(table().drop("tags", "user"))
    strength = 0.01
    settings: dict[str, Any] = {"epochs": 800, "learning_rate": 0.05, "schedule": "cosine", "batch_size": 600}
    model = lt.ClickLR(regularization=strength, **settings).fit_clicks(data)
    fields, ids, n_features = layout(data)
    features, amounts, _ = encoded(data, fields, ids)
    rows = np.zeros((len(data), n_features))
    np.add.at(rows, (np.arange(len(data))[:, None], features), amounts)
    other = LogisticRegression(C=1.0 / (strength * len(data)), tol=1e-10, max_iter=1000).fit(rows, data.labels)
    assert model.click_probability(data) == pytest.approx(other.predict_proba(rows)[:, 1], abs=2e-4)


def test_what_single_fields_do_not_say_needs_pairs() -> None:
    train, test = impressions(), impressions(1)
    alone = lt.metrics.auc(
        lt.ClickLR(epochs=60, learning_rate=0.02, batch_size=128).fit_clicks(train).predict_clicks(test)
    )
    for name, more in (("click-fm", {"factors": 4, "batch_size": 128, "learning_rate": 0.02}), ("deepfm", DEEP)):
        model = lt.make(name, epochs=60, **more).fit_clicks(train)
        assert lt.metrics.auc(model.predict_clicks(test)) > alone + 0.1


def test_training_stops_and_keeps_the_best_epoch() -> None:
    train, valid = impressions(n=200), impressions(1)
    model = lt.WideDeep(epochs=200, patience=3, **DEEP | {"learning_rate": 0.05}).fit_clicks(train, valid)
    scores = [epoch["score"] for epoch in model.training_]
    assert len(scores) < 200
    assert scores.index(max(scores)) == len(scores) - 4
    assert areas(valid.labels, model.click_probability(valid))[0] == pytest.approx(max(scores), abs=1e-6)


def test_without_a_validation_part_some_is_held_out() -> None:
    model = lt.ClickLR(epochs=5, patience=2, batch_size=64).fit_clicks(impressions())
    assert all(0.0 < epoch["score"] < 1.0 for epoch in model.training_)
    model = lt.ClickLR(epochs=5, batch_size=64).fit_clicks(impressions())
    assert all(epoch["score"] is None for epoch in model.training_)


def test_probabilities_close_to_one_stay_apart() -> None:
    """In float32 all logits above 17 would be the probability 1."""
    data = lt.Impressions.from_frame({"label": [1, 0, 1, 0], "size": [1.0, 2.0, 3.0, 4.0]})
    model = lt.ClickLR(epochs=1).fit_clicks(data)
    model.weights_ = {"bias": np.array([22.0], np.float32), "weights": np.array([[3.0]], np.float32)}
    logits = 22.0 + 3.0 * (np.arange(1, 5) - 2.5) / np.sqrt(1.25)
    predicted = model.predict_clicks(data)
    assert np.log1p(-predicted.probability) == pytest.approx(-logits, rel=1e-3)
    assert float(lt.metrics.auc(predicted)) == 0.25
    assert float(lt.metrics.log_loss(predicted)) == pytest.approx(logits[1::2].sum() / 4, rel=1e-3)


def test_unknown_values_and_longer_lists_are_answered() -> None:
    model = lt.DeepFM(epochs=10, **DEEP).fit_clicks(impressions())
    rows = table(3, 8)
    strange = rows.with_columns(
        user=pl.lit(99), device=pl.lit("watch"), tags=pl.Series([["new", "old", "red", "blue"]] * len(rows))
    )
    asked = [lt.Impressions.from_frame(strange), lt.Impressions.from_frame(strange, like=impressions(), user="user")]
    one, two = (model.click_probability(each) for each in asked)  # in its own values, and in those learned from
    assert one == pytest.approx(two, abs=1e-6)
    assert np.isfinite(one).all()
    known = lt.Impressions.from_frame(strange.with_columns(tags=pl.Series([["old", "red", "new"]] * len(rows))))
    assert model.click_probability(known) == pytest.approx(one, abs=1e-6)  # a word it never saw counts as none


def test_answers_do_not_depend_on_company_or_order() -> None:
    model, test = lt.DCN(epochs=3, **DEEP).fit_clicks(impressions()), impressions(1)
    whole = model.click_probability(test)
    order = np.random.default_rng(0).permutation(len(test))
    assert model.click_probability(test.take(order)) == pytest.approx(whole[order], abs=1e-6)
    assert model.click_probability(test.take([17]))[0] == pytest.approx(whole[17], abs=1e-6)


def test_the_same_seed_gives_the_same_model_and_another_does_not() -> None:
    made = [lt.WideDeep(epochs=2, seed=seed, **DEEP).fit_clicks(impressions()) for seed in (0, 0, 1)]
    one, same, other = (model.click_probability(impressions(1)) for model in made)
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("name", ["click-lr", "click-fm", "wide-deep", "deepfm", "dcn"])
def test_a_saved_model_answers_the_same(name: str, tmp_path: Path) -> None:
    more = {} if name == "click-lr" else {"factors": 4} if name == "click-fm" else DEEP
    model = lt.make(name, epochs=2, **more).fit_clicks(impressions())
    model.save(tmp_path / "model")
    again = lt.load(tmp_path / "model")
    assert np.array_equal(again.click_probability(impressions(1)), model.click_probability(impressions(1)))
    with pytest.raises(NotFittedError, match="has learned from impressions"):
        again.recommend()


def test_a_model_holds_what_one_fit_learned() -> None:
    clicks = impressions()
    world = lt.Interactions.from_frame({"user": [1, 1, 2, 3], "item": [5, 6, 5, 7]})
    model = lt.ClickFM(epochs=1, factors=2)
    with pytest.raises(
        NotFittedError, match=r"ClickFM has not learned from impressions; call fit_clicks\(train\) first"
    ):
        model.click_probability(clicks)
    assert len(model.fit(world).recommend([2], n=1).of(2)) == 1
    with pytest.raises(NotFittedError, match="has not learned from impressions"):
        model.click_probability(clicks)
    model.fit_clicks(clicks)
    for ask in (lambda: model.recommend([1]), lambda: model.recommend_for([{5: 1.0}])):
        with pytest.raises(NotFittedError, match="has learned from impressions, not whom to recommend what"):
            ask()
    assert len(model.fit(world).recommend([2], n=1).of(2)) == 1


def test_impressions_it_cannot_learn_from_are_refused() -> None:
    model, clicks = lt.ClickLR(epochs=1), impressions()
    with pytest.raises(DataError, match="the training impressions need some that are clicked and some that are not"):
        model.fit_clicks(clicks.take(clicks.labels > 0))
    with pytest.raises(DataError, match="the validation impressions need"):
        model.fit_clicks(clicks, clicks.take(clicks.labels < 1))
    model.fit_clicks(clicks)
    with pytest.raises(DataError, match="the impressions lack the field 'tags'; they have user, hour, device, price"):
        model.click_probability(lt.Impressions.from_frame(table().drop("tags")))
    with pytest.raises(DataError, match="field 'price' holds values here; the model learned from numbers"):
        model.click_probability(lt.Impressions.from_frame(table().with_columns(pl.col("price").cast(pl.Int64))))


# -- recommendations ---------------------------------------------------------------------------------------------------


def events(weights: sparse.csr_array, most: int) -> Events:
    features = np.arange(weights.shape[1], dtype=np.int32)[:, None]
    amounts = np.ones((weights.shape[1], 1), dtype=np.float32)
    return Events(weights, features, amounts, weights.shape[1], most, negatives=3, batch_size=7)


@pytest.mark.parametrize("most", [4, 30])
def test_a_person_is_described_by_the_other_items(most: int) -> None:
    rng = np.random.default_rng(0)
    met = rng.random((20, 25)) < 0.4
    met[0], met[1] = False, np.arange(25) == 3
    weights = sparse.csr_array((met * rng.choice([0.5, 1.0], met.shape)).astype(np.float32))
    feed, seen = events(weights, most), []
    for chunk in feed.epoch(np.random.default_rng(1)):
        items = chunk["features"][..., 0]
        for step in range(len(items)):
            for place in range(items.shape[1]):
                positive, drawn = items[step, place, 0], items[step, place, 1:]
                history, shares = chunk["history"][step, place] - 25, chunk["shares"][step, place]
                there = shares > 0
                owners = np.flatnonzero(met[:, positive] & met[:, history[there]].all(axis=1))
                assert positive not in history[there]
                assert len(owners)
                assert any(not met[owner, drawn].any() for owner in owners)
                assert not there.any() or shares.sum() == pytest.approx(1.0, abs=1e-5)
                if most == 30:  # all the others, by their weights
                    fits = [o for o in owners if met[o].sum() - 1 == there.sum()]
                    assert (
                        any(
                            shares[there]
                            == pytest.approx(weights.toarray()[o, history[there]] / total(weights, o, positive))
                            for o in fits
                        )
                        or not there.any()
                    )
                if chunk["weight"][step, place]:
                    seen.append(int(positive))
    assert sorted(seen) == sorted(weights.indices.tolist())


def total(weights: sparse.csr_array, owner: int, but: int) -> float:
    row = weights.toarray()[owner]
    return float(row.sum() - row[but])


def test_scores_are_the_logits_of_history_and_item() -> None:
    """Of a factorization machine by hand: bias, weights, and products of the vectors of id, year, genre and history."""
    rng = np.random.default_rng(0)
    rows = [(u, i) for u in range(15) for i in range(8) if rng.random() < 0.5]
    users, items = zip(*rows, strict=True)
    catalog = lt.Catalog(
        pl.DataFrame({"item": range(8), "kind": ["a", "b"] * 4, "genres": [["x", "y"], ["x"], [], ["y"]] * 2})
    )
    data = lt.Interactions.from_frame({"user": users, "item": items}, catalog=catalog)
    model = lt.ClickFM(factors=3, epochs=3, learning_rate=0.05, batch_size=16).fit(data)
    assert model.slots_ == [1, 1, 2]
    vectors, weights = model.weights_["vectors"].astype(float), model.weights_["weights"][:, 0].astype(float)
    asked = [data.item_ids.values[0], data.item_ids.values[5]]
    found = model.recommend_for([asked], n=8, exclude="none")
    n = data.n_items
    known = [n + int(data.item_ids.index([item])[0]) for item in asked]
    history = vectors[known].mean(axis=0)
    for item, score in zip(found.of(0), found.scores[0], strict=True):
        genres = [2 * n + 2 + "xy".index(g) for g in catalog.genres(lt.Ids([item]))[0]]
        amount = 1 / np.sqrt(max(1, len(genres)))
        kind = 2 * n + item % 2
        own = int(data.item_ids.index([item])[0])
        fields = [vectors[own], vectors[kind], amount * vectors[genres].sum(axis=0), history]
        alone = weights[own] + weights[kind] + amount * weights[genres].sum() + weights[known].mean()
        pairs = sum(fields[a] @ fields[b] for a in range(4) for b in range(a))
        assert score == pytest.approx(model.weights_["bias"][0] + alone + pairs, abs=1e-5)


def test_recommending_can_stop_early() -> None:
    rows = [(u, i) for u in range(40) for i in range(30) if u % 2 == i % 2 and (u * 7 + i) % 3]
    users, items = zip(*rows, strict=True)
    data = lt.Interactions.from_frame({"user": users, "item": items})
    model = lt.DeepFM(epochs=60, patience=3, **DEEP).fit(data)
    scores = [epoch["score"] for epoch in model.training_]
    assert max(scores) > 0.9
    assert len(scores) < 60
    assert all(item % 2 == 0 for item in model.recommend_for([{0: 1.0, 4: 1.0}], n=5).of(0))


def test_attributes_are_those_asked_for() -> None:
    catalog = lt.Catalog(pl.DataFrame({"item": [5, 6, 7], "kind": ["a", "b", "a"], "mood": ["u", "v", "v"]}))
    data = lt.Interactions.from_frame({"user": [1, 1, 2, 3], "item": [5, 6, 5, 7]}, catalog=catalog)
    sizes = [
        lt.ClickFM(epochs=1, factors=2, item_attributes=wanted).fit(data).n_features_
        for wanted in ("auto", ("mood",), "none")
    ]
    assert sizes == [10, 8, 6]
    with pytest.raises(DataError, match="the catalog has no item attribute color"):
        lt.ClickFM(epochs=1, item_attributes=("color",)).fit(data)
    with pytest.raises(ConfigError, match="DeepFM: hidden must be at least 1"):
        lt.DeepFM(hidden=(8, 0))


def test_attributes_known_of_no_item_say_nothing() -> None:
    nothing = {
        "genres": pl.Series([[], [], []], dtype=pl.List(pl.String)),
        "year": pl.Series([None] * 3, dtype=pl.Int64),
    }
    catalog = lt.Catalog(pl.DataFrame({"item": [5, 6, 7], **nothing}))
    data = lt.Interactions.from_frame({"user": [1, 1, 2, 3], "item": [5, 6, 5, 7]}, catalog=catalog)
    for wanted in ("auto", ("genres", "year")):
        model = lt.ClickFM(epochs=1, factors=2, item_attributes=wanted).fit(data)
        assert model.n_features_ == 6
        assert np.isfinite(model.recommend([2], n=2).scores).all()

"""TransRec and FPMC: scores and loss as loops, gradients as differences, worlds whose truth they find again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import minimize

import longtail as lt
from longtail.algorithms.sequence import personal_chain
from longtail.algorithms.sequence.fpmc import ChainNetwork
from longtail.algorithms.sequence.personal_chain import recent, steps_of_people
from longtail.algorithms.sequence.transrec import TranslationNetwork
from longtail.algorithms.trainer import RowFeed, Settings, Trained, feeds, keras, train
from longtail.kernels.newcomers import newcomers

pytest.importorskip("jax")

PEOPLE, ITEMS, FACTORS, ROWS, NEGATIVES, BASKET = 4, 9, 3, 6, 2, 2
PENALTY, OWN_PENALTY = 0.3, 0.7
Arrays = dict[str, Any]


def network_of(kind: str, people: int = PEOPLE, distance: Any = "l2") -> Any:
    shared: Arrays = {
        "n_items": ITEMS, "n_people": people, "factors": FACTORS, "regularization": PENALTY,
        "user_regularization": OWN_PENALTY,
    }  # fmt: skip
    made = ChainNetwork(**shared) if kind == "fpmc" else TranslationNetwork(**shared, distance=distance, radius=1.0)
    rng = np.random.default_rng(3)
    made.assign({name: rng.normal(0, 0.5, value.shape).astype(np.float32) for name, value in made.values().items()})
    return made


def batch_of() -> Arrays:
    rng = np.random.default_rng(1)
    share = np.array([[1.0, 0.0], [0.5, 0.5]] * (ROWS // 2), dtype=np.float32)
    return {
        "person": rng.integers(PEOPLE, size=ROWS).astype(np.int32),
        "next": rng.integers(ITEMS, size=ROWS).astype(np.int32),
        "previous": rng.integers(ITEMS, size=ROWS).astype(np.int32),
        "basket": rng.integers(ITEMS, size=(ROWS, BASKET)).astype(np.int32),
        "share": share,
        "negative": rng.integers(ITEMS, size=(ROWS, NEGATIVES)).astype(np.int32),
        "weight": np.ones(ROWS, dtype=np.float32),
    }


def sigmoid(x: float) -> float:
    return float(1.0 / (1.0 + np.exp(-x)))


def by_loops(kind: str, distance: str, w: Arrays, batch: Arrays) -> np.ndarray:
    """The loss of every row, from the equations of the papers, in float64."""
    w = {name: value.astype(np.float64) for name, value in w.items()}
    batch = {name: v.astype(np.float64) if v.dtype == np.float32 else v for name, v in batch.items()}
    squares = lambda v: float(np.sum(v * v))  # noqa: E731
    losses = []
    for row in range(ROWS):
        j, others = batch["next"][row], batch["negative"][row]
        person = w["people"][batch["person"][row]] if "people" in w else None
        penalty = 0.0 if person is None else OWN_PENALTY / 2 * squares(person)

        def score(item: int, row: int = row, person: Any = person) -> float:
            if kind == "transrec":
                place = w["items"][batch["previous"][row]] + w["step"][0] + (0.0 if person is None else person)
                gap = place - w["items"][item]
                return float(w["bias"][item] - (np.abs(gap).sum() if distance == "l1" else (gap**2).sum()))
            own = 0.0 if person is None else float(person @ w["wanted"][item])
            basket = zip(batch["basket"][row], batch["share"][row], strict=True)
            return own + sum(share * float(w["following"][item] @ w["followed"][i]) for i, share in basket)

        fit = np.log(1.0 + sum(np.exp(score(k) - score(j)) for k in others))
        if kind == "transrec":
            read = squares(w["items"][batch["previous"][row]]) + squares(w["items"][j]) + w["bias"][j] ** 2
            read += np.mean([squares(w["items"][k]) + w["bias"][k] ** 2 for k in others])
        else:
            tables = ["following"] + (["wanted"] if person is not None else [])
            read = sum(squares(w[name][j]) + np.mean([squares(w[name][k]) for k in others]) for name in tables)
            basket = zip(batch["basket"][row], batch["share"][row], strict=True)
            read += sum(share * squares(w["followed"][i]) for i, share in basket)
        losses.append(fit + PENALTY / 2 * read + penalty)
    return np.array(losses)


KINDS = [("transrec", "l2", PEOPLE), ("transrec", "l1", PEOPLE), ("transrec", "l2", 0), ("fpmc", "", PEOPLE)]


@pytest.mark.parametrize(("kind", "distance", "people"), [*KINDS, ("fpmc", "", 0)])
def test_the_loss_is_that_of_the_paper(kind: str, distance: str, people: int) -> None:
    network, batch = network_of(kind, people, distance or "l2"), batch_of()
    ours = keras.ops.convert_to_numpy(network.loss(batch, training=True))
    np.testing.assert_allclose(ours, by_loops(kind, distance, network.values(), batch), rtol=1e-5)


def test_one_negative_is_s_bpr() -> None:
    network, batch = network_of("fpmc", 0), batch_of()
    batch["negative"] = batch["negative"][:, :1]
    w = network.values()
    for row, loss in enumerate(keras.ops.convert_to_numpy(network.loss(batch, training=True))):
        last = batch["share"][row] @ w["followed"][batch["basket"][row]]
        j, k = batch["next"][row], batch["negative"][row, 0]
        penalty = sum(np.sum(w["following"][i] ** 2) for i in (j, k))
        penalty += batch["share"][row] @ np.sum(w["followed"][batch["basket"][row]] ** 2, axis=1)
        wanted = -np.log(sigmoid(float(last @ (w["following"][j] - w["following"][k])))) + PENALTY / 2 * penalty
        assert loss == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize(("kind", "distance", "people"), KINDS)
def test_a_step_goes_down_the_gradient(kind: str, distance: str, people: int) -> None:
    """A step of plain descent moves every weight by minus the rate times the difference quotient of the loops."""
    network, batch, rate = network_of(kind, people, distance or "l2"), batch_of(), 1e-2
    before = network.values()
    if kind == "transrec":
        network.items.constraint = None  # some of these points lie outside the ball
    wanted = {}
    for name, value in before.items():
        slope = np.zeros(value.shape)
        for at in np.ndindex(value.shape):
            moved = [{**before, name: value.astype(np.float64).copy()} for _ in range(2)]
            moved[0][name][at] += 1e-5
            moved[1][name][at] -= 1e-5
            up, down = (by_loops(kind, distance, each, batch).mean() for each in moved)
            slope[at] = (up - down) / 2e-5
        wanted[name] = value - rate * slope
    columns = {name: value for name, value in batch.items() if name != "weight"}
    train(network, RowFeed(columns, ROWS), Settings(epochs=1, learning_rate=rate, optimizer="sgd"))
    after = network.values()
    inside = {"items": np.linalg.norm(wanted.get("items", np.zeros((ITEMS, 1))), axis=1) < 1} if kind != "fpmc" else {}
    for name, value in wanted.items():
        rows = inside.get(name, np.ones(len(value), dtype=bool))
        np.testing.assert_allclose(after[name][rows], value[rows], atol=2e-6, err_msg=name)


def test_points_are_put_back_on_the_ball() -> None:
    network, batch = network_of("transrec"), batch_of()
    network.assign({**network.values(), "items": 3 * network.values()["items"]})
    columns = {name: value for name, value in batch.items() if name != "weight"}
    train(network, RowFeed(columns, ROWS), Settings(epochs=1, learning_rate=1e-3, optimizer="sgd"))
    lengths = np.linalg.norm(network.values()["items"], axis=1)
    assert lengths.max() <= 1 + 1e-5
    assert np.count_nonzero(np.isclose(lengths, 1.0)) > 3


def test_points_of_a_large_table_are_put_back_too() -> None:
    """Rows are then updated alone, and only those that a step reads."""
    data = walks(people=30, items=400, length=3)
    model = lt.make("transrec", factors=4, epochs=2, batch_size=16, learning_rate=0.5, radius=0.5).fit(data)
    lengths = np.linalg.norm(model.weights_["items"], axis=1)
    assert lengths.max() <= 0.5 + 1e-5


# -- scores ------------------------------------------------------------------------------------------------------------


def walks(people: int = 30, items: int = 12, length: int = 5, step: int = 1, seed: int = 0) -> lt.Interactions:
    """Everyone goes round the items from a place of their own, each time `step` further."""
    starts = np.random.default_rng(seed).integers(items, size=people)
    rows = [(f"p{u}", int((starts[u] + step * k) % items), k) for u in range(people) for k in range(length)]
    users, met, times = zip(*rows, strict=True)
    return lt.Interactions.from_frame({"user": users, "item": met, "timestamp": times}, duplicates="keep")


SMALL: Arrays = {"factors": 6, "epochs": 5, "batch_size": 16, "learning_rate": 0.02, "user_regularization": 0.01}


@pytest.mark.parametrize("distance", ["l2", "l1"])
def test_scores_of_transrec_are_distances(distance: str) -> None:
    data = walks()
    model = lt.make("transrec", distance=distance, **SMALL).fit(data)
    w = model.weights_
    lists = model.recommend(["p3"], n=12, exclude="none")
    last = data.item_ids.index([data.item_ids[data.sequences.rows(12)[[3]].indices[-1:]][0]])[0]
    x = w["items"][last] + w["step"][0] + w["people"][3]
    gap = x - w["items"]
    wanted = w["bias"] - (np.abs(gap).sum(axis=1) if distance == "l1" else (gap**2).sum(axis=1))
    np.testing.assert_allclose(lists.scores[0], wanted[lists.items[0]], rtol=1e-4, atol=1e-5)
    assert np.all(np.diff(lists.scores[0]) <= 0)


def test_scores_of_fpmc_are_means_over_the_basket() -> None:
    data = walks(length=3)
    model = lt.make("fpmc", basket=2, **SMALL).fit(data)
    w, history = model.weights_, data.sequences.rows(12)[[3]].indices
    lists = model.recommend(["p3"], n=12, exclude="none")
    for item, score in zip(lists.items[0], lists.scores[0], strict=True):
        chain = np.mean([w["following"][item] @ w["followed"][i] for i in history[-2:]])
        assert score == pytest.approx(float(w["people"][3] @ w["wanted"][item] + chain), rel=1e-4, abs=1e-6)


def test_steps_and_baskets_stay_within_a_person() -> None:
    rows = sparse.csr_array((np.ones(6), [5, 1, 1, 2, 0, 3], [0, 3, 3, 4, 6]), shape=(4, 6))
    people, places = steps_of_people(rows)
    assert (people.tolist(), places.tolist()) == ([0, 0, 3], [1, 2, 5])
    items, share = recent(rows, np.array([0, 2, 3, 5]), 3)
    assert items.tolist() == [[5, 5, 5], [1, 1, 5], [2, 2, 2], [3, 0, 3]]
    np.testing.assert_allclose(share, [[1, 0, 0], [1 / 3] * 3, [1, 0, 0], [0.5, 0.5, 0]], rtol=1e-6)


# -- people never seen -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("negatives", [1.0, 3.0])
@pytest.mark.parametrize("unmet", [True, False])
def test_a_newcomers_vector_is_the_minimum(unmet: bool, negatives: float) -> None:
    rng = np.random.default_rng(5)
    free, rank, n_items, events, regularization = 3, 5, 20, 4, 0.2
    left, right = rng.normal(size=(events, rank)), rng.normal(size=(n_items, rank))
    offset, following, pool = rng.normal(size=n_items), np.array([3, 7, 3, 11]), np.array([0, 3, 5, 12, 18])

    def loss(z: np.ndarray) -> float:
        total = 0.0
        for row, y in zip(left, following, strict=True):
            scores = offset + right @ row + right[:, :free] @ z
            rest = [k for k in pool if k not in (following if unmet else [y])]
            apart = np.exp(scores[rest] - scores[y])
            total += np.mean(np.log(1 + apart)) if negatives == 1 else np.log(1 + negatives * np.mean(apart))
        return float(total + events * regularization / 2 * z @ z)

    vectors = np.full((2, free), 9.0, dtype=np.float32)
    indptr = np.array([0, 4, 4], dtype=np.int64)
    parts = (left.astype(np.float32), right.astype(np.float32), offset.astype(np.float32), pool.astype(np.int32))
    terms = unmet, negatives, regularization, 400
    newcomers(0, 2, indptr, following.astype(np.int32), *parts, *terms, vectors)
    np.testing.assert_allclose(vectors[0], minimize(loss, np.zeros(free), tol=1e-10).x, atol=1e-3)
    assert vectors[1].tolist() == [0, 0, 0]


@pytest.mark.parametrize("name", ["transrec", "fpmc"])
def test_newcomers_are_answered_in_blocks_as_together(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = lt.make(name, **SMALL).fit(walks())
    histories = [[3, 4], [], [9, 10, 11, 0, 1, 2, 3, 4], [5], [1, 2, 3], [7, 8]]
    together = model.recommend_for(histories, n=12, exclude="none")
    sizes: list[int] = []
    asked = type(model)._asked
    monkeypatch.setattr(
        type(model), "_asked", lambda self, rows, at: (sizes.append(rows.nnz), asked(self, rows, at))[1]
    )
    monkeypatch.setattr(personal_chain, "EVENTS_AT_ONCE", 5)
    in_blocks = model.recommend_for(histories, n=12, exclude="none")
    np.testing.assert_array_equal(in_blocks.items, together.items)
    np.testing.assert_allclose(in_blocks.scores, together.scores, rtol=1e-6)
    assert len(sizes) > 1
    assert max(sizes) <= 8 + 5  # the longest history, and what fits beside it
    assert sum(sizes) == sum(map(len, histories))


def test_what_newcomers_are_held_against_comes_by_popularity_where_negatives_do() -> None:
    rng = np.random.default_rng(0)
    histories = [[0, int(a), 0, int(b), 0] for a, b in rng.integers(1, 40, (60, 2))]
    even, popular = (lt.make("fpmc", **SMALL, exponent=exponent).fit(in_order(histories)) for exponent in (0.0, 1.0))
    assert np.unique(even.pool_).size == even.pool_.size
    assert np.mean(popular.pool_ == popular.item_ids_.index([0])[0]) == pytest.approx(0.6, abs=0.12)


def test_where_nothing_follows_anything_the_model_is_whole() -> None:
    model = lt.make("fpmc", **SMALL).fit(in_order([[0], [1], [1]]))
    assert [epoch["loss"] for epoch in model.training_] == [0.0] * SMALL["epochs"]
    assert model.recommend([0], n=1).filled.all()


def test_chunks_stay_small_however_many_negatives_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    fed: list[Any] = []
    monkeypatch.setattr(Trained, "_train", lambda self, feed, score=None: fed.append(feed))
    monkeypatch.setattr(feeds, "CHUNK_BYTES", 20_000)
    lt.make("transrec", **SMALL, negatives=100).fit(walks(people=60))
    for chunk in fed[0].epoch(np.random.default_rng(0)):
        assert sum(array.nbytes for array in chunk.values()) < 22_000


@pytest.mark.parametrize("name", ["transrec", "fpmc"])
def test_without_a_vector_of_their_own_everyone_with_the_same_last_item_is_answered_alike(name: str) -> None:
    model = lt.make(name, personal=False, **SMALL).fit(walks())
    lists = model.recommend_for([[3, 4], [9, 4], [4]], n=5, exclude="none")
    assert (lists.items == lists.items[0]).all()
    assert "people" not in model.weights_
    seen = model.recommend(["p0"], n=5, exclude="none")
    history = [int(model.item_ids_[i]) for i in walks().sequences.rows(12)[[0]].indices]
    assert seen.items[0].tolist() == model.recommend_for([history], n=5, exclude="none").items[0].tolist()


@pytest.mark.parametrize("name", ["transrec", "fpmc"])
def test_the_last_events_of_some_say_when_to_stop(name: str) -> None:
    model = lt.make(name, **{**SMALL, "epochs": 200, "patience": 2}).fit(in_order(directions()[1]))
    scores = [epoch["score"] for epoch in model.training_]
    assert 3 <= len(scores) < 200
    assert max(scores) == scores[-3] > 0
    assert model.recommend([0], n=1).filled.all()


# -- worlds whose truth is known ---------------------------------------------------------------------------------------


World = tuple[lt.Interactions, list[list[int]], list[int]]


def directions(people: int = 240, side: int = 10, length: int = 5) -> World:
    """Cells of a square; half of the people walk to the right, half upwards: who decides where it goes from a cell."""
    rng = np.random.default_rng(7)
    walked, wanted = [], []
    for u in range(people):
        x, y = int(rng.integers(side - length)), int(rng.integers(side))
        cells = [side * (x + k) + y if u % 2 else side * y + x + k for k in range(length + 1)]
        walked.append(cells[:-1])
        wanted.append(cells[-1])
    return in_order(walked), walked, wanted


def kinds_and_places(people: int = 200, places: int = 10, kinds: int = 4, length: int = 12) -> World:
    """Things of every kind for every place; all go from place to place, and each mostly takes the kind they like."""
    rng = np.random.default_rng(7)
    walked, wanted = [], []
    for u in range(people):
        start, own = int(rng.integers(places)), u % kinds
        taken = [own if rng.random() < 0.6 else int(rng.integers(kinds)) for _ in range(length)]
        walked.append([(start + k) % places * kinds + kind for k, kind in enumerate(taken)])
        wanted.append((start + length) % places * kinds + own)
    return in_order(walked), walked, wanted


def in_order(histories: list[list[int]]) -> lt.Interactions:
    rows = [(u, item, k) for u, history in enumerate(histories) for k, item in enumerate(history)]
    users, met, times = zip(*rows, strict=True)
    return lt.Interactions.from_frame({"user": users, "item": met, "timestamp": times}, duplicates="keep")


WORLDS: dict[str, tuple[Any, Arrays]] = {
    "transrec": (
        directions,
        {
            "factors": 8, "epochs": 400, "batch_size": 64, "learning_rate": 0.03, "radius": 10.0, "negatives": 8,
            "user_regularization": 0.03, "against": "others",
        },
    ),
    "fpmc": (
        kinds_and_places,
        {
            "factors": 4, "epochs": 100, "batch_size": 64, "learning_rate": 0.01, "user_regularization": 1e-3,
            "regularization": 1e-4, "against": "others",
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ["transrec", "fpmc"])
def test_the_truth_is_found_that_a_chain_of_everybody_cannot_know(name: str) -> None:
    """By somebody known, and nearly as often by a stranger with the same history."""
    world, settings = WORLDS[name]
    data, walked, wanted = world()
    model, chain = lt.make(name, **settings).fit(data), lt.make("markov").fit(data)

    def found(lists: lt.TopN) -> float:
        return float(np.mean(lists.item_ids[lists.items[:, 0]] == np.array(wanted)))

    ours, theirs = (found(each.recommend(n=1, exclude="none")) for each in (model, chain))
    strangers = found(model.recommend_for(walked, n=1, exclude="none"))
    assert ours > theirs + 0.1, (ours, theirs)
    assert strangers > ours - 0.1, (strangers, ours)
    assert strangers > theirs + 0.05, (strangers, theirs)

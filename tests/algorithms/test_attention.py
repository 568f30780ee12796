"""SASRec and BERT4Rec against plain NumPy loops in double precision, on small weights."""

from __future__ import annotations

from math import erf
from typing import Any

import numpy as np
import pytest
from scipy import sparse

import longtail as lt
from longtail.algorithms.sequence.bert4rec import BERT4Rec, ClozeNetwork
from longtail.algorithms.sequence.sasrec import NextNetwork, SASRec
from longtail.algorithms.sequence.windows import Rows, latest
from longtail.algorithms.trainer import Settings, answers
from longtail.errors import ConfigError
from longtail.kernels.packing import draw_masked, packed
from longtail.rng import generator

N_ITEMS, SIZE, FACTORS = 11, 6, 4


def network(kind: Any, **changes: Any) -> Any:
    """A network whose weights are all drawn wide, so that nothing is near zero."""
    common = {"n_items": N_ITEMS, "factors": FACTORS, "size": SIZE, "layers": 2, "heads": 2, "rate": 0.0}
    if kind is NextNetwork:
        common |= {"inner": 4, "causal": True, "normalize_first": True, "project": False, "activation": "relu"}
        common |= {"objective": "softmax", "weight_of_target": 1.0, "negatives": False}
    else:
        common |= {"inner": 16, "causal": False, "normalize_first": False, "project": True, "activation": "gelu"}
        common |= {"negatives": False}
    made, rng = kind(**{**common, **changes}), np.random.default_rng(3)
    made.assign({name: rng.normal(0, 0.5, value.shape).astype(np.float32) for name, value in made.values().items()})
    return made


# -- the derivation: one sequence at a time, a place at a time ---------------------------------------------------------


def norm(x: Any, scale: Any, shift: Any) -> Any:
    return (x - x.mean()) / np.sqrt(x.var() + 1e-8) * scale + shift


def gelu(x: Any) -> Any:
    return np.array([0.5 * v * (1 + erf(v / np.sqrt(2))) for v in x])


def derived(X: Any, w: dict[str, Any], made: Any) -> Any:
    """What the layers make of the vectors (length, factors) of one sequence, by the equations of the papers."""
    X, act = [x.astype(np.float64) for x in X], gelu if made.activation == "gelu" else lambda v: np.maximum(v, 0)
    first, width = made.normalize_first, made.factors // made.heads
    if not first:
        X = [norm(x, w["norms.scale"], w["norms.shift"]) for x in X]
    for n in range(made.layers):
        b = {name: w[f"blocks.{n}.{name}"] for name in ("attend", "first", "first_bias", "second", "second_bias")}
        scale, shift = w[f"blocks.{n}.scale"], w[f"blocks.{n}.shift"]
        inside = [norm(x, scale[0], shift[0]) for x in X] if first else X
        W_Q, W_K, W_V = np.split(b["attend"], 3, axis=1)
        mixed = []
        for t, x in enumerate(inside):
            seen = inside[: t + 1] if made.causal else inside
            heads = []
            for h in range(made.heads):
                part = slice(h * width, (h + 1) * width)
                scores = np.array([(x @ W_Q)[part] @ (y @ W_K)[part] / np.sqrt(width) for y in seen])
                weights = np.exp(scores - scores.max())
                weights /= weights.sum()
                heads.append(sum(a * (y @ W_V)[part] for a, y in zip(weights, seen, strict=True)))
            joined = np.concatenate(heads)
            mixed.append(joined @ w[f"blocks.{n}.mix"] + w[f"blocks.{n}.mixed"] if made.project else joined)
        X = [x + m for x, m in zip(X, mixed, strict=True)]
        X = X if first else [norm(x, scale[0], shift[0]) for x in X]
        inside = [norm(x, scale[1], shift[1]) for x in X] if first else X
        X = [
            x + act(y @ b["first"] + b["first_bias"]) @ b["second"] + b["second_bias"]
            for x, y in zip(X, inside, strict=True)
        ]
        X = X if first else [norm(x, scale[1], shift[1]) for x in X]
    return np.array([norm(x, w["norms.scale"], w["norms.shift"]) for x in X] if first else X)


def wide(made: Any) -> dict[str, Any]:
    return {name: value.astype(np.float64) for name, value in made.values().items()}


def softmax_loss(vector: Any, target: int, items: Any, offset: Any = 0.0) -> float:
    scores = items @ vector + offset
    return float(np.log(np.exp(scores).sum()) - scores[target])


def placed(sequences: list[list[int]], **more: list[list[int]]) -> dict[str, Any]:
    """A batch of one row that holds several sequences, one after the other, numbered from 1."""
    row = {name: np.zeros((1, SIZE), dtype=np.int32) for name in ("item", "window", "position", *more)}
    at = 0
    for number, items in enumerate(sequences, start=1):
        part = slice(at, at + len(items))
        row["item"][0, part], row["window"][0, part] = items, number
        row["position"][0, part] = np.arange(SIZE - len(items), SIZE)
        for name, values in more.items():
            row[name][0, part] = values[number - 1]
        at += len(items)
    return row


SEQUENCES, TARGETS = [[3, 1, 3], [7, 0]], [[1, 3, 9], [0, 5]]


def next_vectors(made: Any) -> list[Any]:
    w = wide(made)
    return [derived(w["items"][s] + w["positions"][SIZE - len(s) :], w, made) for s in SEQUENCES]


def loss_of(made: Any, batch: dict[str, Any]) -> Any:
    return np.asarray(made.loss(batch, training=True))


def test_sasrec_loses_what_the_paper_says() -> None:
    made = network(NextNetwork)
    found, vectors = loss_of(made, placed(SEQUENCES, target=TARGETS))[0], next_vectors(made)
    expected = [
        softmax_loss(v, t, wide(made)["items"])
        for of, ts in zip(vectors, TARGETS, strict=True)
        for v, t in zip(of, ts, strict=True)
    ]
    assert np.allclose(found[:5], expected, atol=1e-5)


def test_the_loss_with_some_negatives() -> None:
    made = network(NextNetwork, negatives=True)
    negatives, log_expected = np.array([9, 4, 2], dtype=np.int32), np.array([-0.5, 0.2, 0.1], dtype=np.float32)
    batch = placed(SEQUENCES, target=TARGETS) | {"negatives": negatives, "log_expected": log_expected}
    found, items = loss_of(made, batch)[0], wide(made)["items"]
    place = 0
    for vectors, targets in zip(next_vectors(made), TARGETS, strict=True):
        for vector, target in zip(vectors, targets, strict=True):
            own = items[target] @ vector
            others = sum(
                np.exp(items[j] @ vector - q) for j, q in zip(negatives, log_expected, strict=True) if j != target
            )
            assert found[place] == pytest.approx(np.log(np.exp(own) + others) - own, abs=1e-5)
            place += 1


@pytest.mark.parametrize("weight", [1.0, 0.3])
def test_the_binary_loss(weight: float) -> None:
    made = network(NextNetwork, negatives=True, objective="binary", weight_of_target=weight)
    negatives = np.arange(2 * SIZE, dtype=np.int32).reshape(1, SIZE, 2) % N_ITEMS
    found = loss_of(made, placed(SEQUENCES, target=TARGETS) | {"negatives": negatives})[0]
    items, place = wide(made)["items"], 0
    for vectors, targets in zip(next_vectors(made), TARGETS, strict=True):
        for vector, target in zip(vectors, targets, strict=True):
            likely = 1 / (1 + np.exp(-items @ vector))
            expected = -weight * np.log(likely[target]) - np.log(1 - likely[negatives[0, place]]).sum()
            assert found[place] == pytest.approx(expected, abs=1e-5)
            place += 1


def test_the_weight_of_a_target_is_that_of_gsasrec() -> None:
    model, n_items = SASRec(loss="binary", unseen=5, calibration=0.75), 101
    share = 5 / 100
    assert model._weight_of_target(n_items) == pytest.approx(share * (0.75 * (1 - 1 / share) + 1 / share))
    assert SASRec(loss="binary")._weight_of_target(n_items) == 1.0


def cloze() -> dict[str, Any]:
    masked = [[0, 1, 0], [1, 0]]
    batch: dict[str, Any] = placed(SEQUENCES, masked=masked)
    batch["masked"] = batch["masked"].astype(np.float32)
    batch |= {"place": np.array([1, 3], dtype=np.int32), "target": np.array([1, 7], dtype=np.int32)}
    return batch | {"weight": np.ones(2, dtype=np.float32)}


def test_bert4rec_loses_what_the_paper_says() -> None:
    made = network(ClozeNetwork)
    w = wide(made)
    first = np.array([w["items"][3], w["hidden"][0], w["items"][3]]) + w["positions"][3:]
    second = np.array([w["hidden"][0], w["items"][0]]) + w["positions"][4:]
    hidden = [derived(first, w, made)[1], derived(second, w, made)[0]]
    guesses = [gelu(h @ w["last.kernel"] + w["last.bias"]) for h in hidden]
    expected = [softmax_loss(g, t, w["items"], w["offset"]) for g, t in zip(guesses, [1, 7], strict=True)]
    assert np.allclose(loss_of(made, cloze()), expected, atol=1e-5)


@pytest.mark.parametrize("kind", [NextNetwork, ClozeNetwork])
def test_gradients_are_those_of_finite_differences(kind: Any) -> None:
    jax = pytest.importorskip("jax")
    from longtail.algorithms.trainer import keras

    made = network(kind)
    batch = cloze() if kind is ClozeNetwork else placed(SEQUENCES, target=TARGETS)
    counted = np.ones(2) if kind is ClozeNetwork else (batch["window"] > 0).astype(float)
    variables = {name: v for name, v in made.variables().items() if name in made.values()}

    def lost(values: dict[str, Any]) -> Any:
        with keras.StatelessScope(state_mapping=[(variables[name], value) for name, value in values.items()]):
            return keras.ops.sum(made.loss(batch, training=True) * counted.astype(np.float32))

    values = made.values()
    found, rng = jax.grad(lost)(values), np.random.default_rng(0)
    jitted = jax.jit(lost)
    for name, gradient in found.items():
        direction = rng.normal(size=values[name].shape).astype(np.float32)
        direction /= np.linalg.norm(direction)
        step = 1e-2
        there, back = (float(jitted(values | {name: values[name] + sign * step * direction})) for sign in (1.0, -1.0))
        slope = float((np.asarray(gradient) * direction).sum())
        assert (there - back) / (2 * step) == pytest.approx(slope, abs=5e-3, rel=2e-2), name


# -- what attention may and may not see --------------------------------------------------------------------------------


def test_what_comes_later_changes_nothing_before() -> None:
    made = network(NextNetwork)
    before = loss_of(made, placed([[3, 1, 3, 4]], target=[[1, 3, 4, 2]]))[0]
    after = loss_of(made, placed([[3, 1, 3, 8]], target=[[1, 3, 4, 2]]))[0]
    assert np.array_equal(before[:3], after[:3])
    assert abs(before[3] - after[3]) > 1e-3


@pytest.mark.parametrize("kind", [NextNetwork, ClozeNetwork])
def test_padding_and_neighbors_change_nothing(kind: Any) -> None:
    made, sequence = network(kind), [2, 9, 4]
    vectors = []
    for width in (3, 4, 6):
        asked = {name: np.zeros((1, width), dtype=np.int32) for name in ("item", "window")}
        asked["item"][0, -3:], asked["window"][0, -3:] = sequence, 1
        asked["item"][0, :-3] = 10  # whatever stands in a place without an item
        asked["masked"] = np.zeros((1, width), dtype=np.float32)
        asked["masked"][0, -1] = 1.0
        vectors.append(answers(made, asked)[0])
    assert np.allclose(vectors[0], vectors[1], atol=1e-6)
    assert np.allclose(vectors[0], vectors[2], atol=1e-6)
    if kind is NextNetwork:
        alone = loss_of(made, placed([sequence], target=[[1, 2, 3]]))[0, :3]
        second = loss_of(made, placed([[5, 6], sequence], target=[[0, 0], [1, 2, 3]]))[0, 2:5]
        assert np.allclose(alone, second, atol=1e-6)


def test_the_answer_is_the_vector_of_the_last_place() -> None:
    made = network(NextNetwork)
    w, history = wide(made), [4, 1, 9]
    rows = sparse.csr_array((np.ones(3), history, [0, 3]), shape=(1, N_ITEMS))
    expected = derived(w["items"][history] + w["positions"][SIZE - 3 :], w, made)[-1]
    assert np.allclose(answers(made, latest(rows, SIZE))[0], expected, atol=1e-5)


def test_bert4rec_answers_for_a_hidden_place_after_the_history() -> None:
    made, model = network(ClozeNetwork), BERT4Rec(length=SIZE)
    w, history = wide(made), [4, 1, 9, 9, 2, 3, 8]
    rows = sparse.csr_array((np.ones(7), history, [0, 7]), shape=(1, N_ITEMS))
    X = np.concatenate([w["items"][history[2:]], w["hidden"]]) + w["positions"]
    expected = gelu(derived(X, w, made)[-1] @ w["last.kernel"] + w["last.bias"])
    assert np.allclose(answers(made, model._asked(rows))[0], expected, atol=1e-5)


# -- windows and feeds -------------------------------------------------------------------------------------------------


def ragged_histories(seed: int = 0, n: int = 60) -> sparse.csr_array:
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 30, n)
    items = rng.integers(0, N_ITEMS, counts.sum()).astype(np.int32)
    indptr = np.concatenate([[0], np.cumsum(counts)])
    return sparse.csr_array((np.ones(len(items), np.float32), items, indptr), shape=(n, N_ITEMS))


@pytest.mark.parametrize("leave", [0, 1])
def test_every_event_stands_in_one_place_beside_those_before_it(leave: int) -> None:
    histories, size = ragged_histories(), 7
    rows = Rows.of(histories, size, batch_size=4, leave=leave)
    placed_at = rows.source[rows.window > 0]
    expected = [
        e for lo, hi in zip(histories.indptr[:-1], histories.indptr[1:], strict=True) for e in range(lo, hi - leave)
    ]
    assert sorted(placed_at.tolist()) == expected
    person = np.repeat(np.arange(60), np.diff(histories.indptr))
    for source, window, position in zip(rows.source, rows.window, rows.position, strict=True):
        for number in range(1, window.max() + 1):
            at = np.flatnonzero(window == number)
            assert np.array_equal(at, np.arange(at[0], at[-1] + 1))
            assert np.array_equal(source[at], np.arange(source[at[0]], source[at[0]] + len(at)))
            assert len(set(person[source[at]])) == 1
            assert position[at[-1]] == size - 1
            assert np.array_equal(position[at], np.arange(size - len(at), size))
            end = histories.indptr[person[source[at[0]]] + 1] - leave
            assert (end - 1 - source[at[-1]]) % size == 0  # windows are cut from the end
    assert len(rows.source) <= 11 / 9 * -(-len(expected) // size) + 1


def test_packing_uses_few_rows() -> None:
    lengths = np.random.default_rng(1).integers(1, 21, 5_000).astype(np.int32)
    rows, starts = packed(lengths, 20)
    filled = np.zeros((rows.max() + 1, 20), dtype=int)
    for row, start, length in zip(rows, starts, lengths, strict=True):
        filled[row, start : start + length] += 1
    assert filled.max() == 1
    assert filled.mean() > 0.95


def test_the_next_item_is_the_target_and_weights_count_events() -> None:
    histories = ragged_histories()
    feed = SASRec(length=7, batch_size=4, negatives=5)._feed(histories)
    seen = 0
    for chunk in feed.epoch(np.random.default_rng(0)):
        there = chunk["weight"] > 0
        seen += int(there.sum())
        same = there[..., :-1] & (chunk["window"][..., :-1] == chunk["window"][..., 1:])
        assert np.array_equal(chunk["target"][..., :-1][same], chunk["item"][..., 1:][same])
        assert chunk["negatives"].shape == chunk["log_expected"].shape == (len(there), 5)
        q = np.sqrt(np.bincount(histories.indices, minlength=N_ITEMS))
        assert np.allclose(chunk["log_expected"], np.log(5 * (q / q.sum())[chunk["negatives"]]), atol=1e-5)
    assert seen == int(np.maximum(np.diff(histories.indptr) - 1, 0).sum())


def test_negatives_of_the_binary_loss_are_unseen() -> None:
    histories = ragged_histories()
    met = [
        set(histories.indices[lo:hi].tolist()) for lo, hi in zip(histories.indptr, histories.indptr[1:], strict=False)
    ]
    feed = SASRec(length=7, batch_size=4, loss="binary", unseen=2)._feed(histories)
    chunk = next(feed.epoch(np.random.default_rng(0)))
    source = next(feed.rows.epoch(np.random.default_rng(0), place_bytes=28))[0]
    person = np.searchsorted(histories.indptr, source, side="right") - 1
    for at in zip(*np.nonzero(chunk["weight"]), strict=True):
        if len(met[person[at]]) < N_ITEMS:
            assert not met[person[at]] & set(chunk["negatives"][at].tolist())


def test_what_is_hidden() -> None:
    histories = ragged_histories()
    feed = BERT4Rec(length=8, batch_size=4, masked=0.25, last=0.2)._feed(histories)
    alone = shares = windows = 0
    for epoch in range(40):
        for chunk in feed.epoch(np.random.default_rng(epoch)):
            item = chunk["item"].reshape(len(chunk["item"]), -1)
            masked, window = chunk["masked"].reshape(item.shape), chunk["window"].reshape(item.shape)
            for step in range(len(item)):
                places = chunk["place"][step][chunk["weight"][step] > 0]
                assert np.array_equal(np.flatnonzero(masked[step]), np.sort(places))
                assert np.array_equal(chunk["target"][step][chunk["weight"][step] > 0], item[step, places])
                assert window[step, places].all()
            for row, hidden in zip(chunk["window"].reshape(-1, 8), chunk["masked"].reshape(-1, 8), strict=True):
                for number in range(1, row.max() + 1):
                    of = hidden[row == number]
                    if len(of) == 8:
                        windows += 1
                        assert of.sum() in (1, 2)
                        alone += of.sum() == 1 and of[-1] == 1
                        shares += of[:-1] if of.sum() == 2 else 0
    assert alone / windows == pytest.approx(0.2, abs=0.03)
    assert np.allclose(shares / (windows - alone), 0.25, atol=0.03)


def test_selection_draws_all_places_alike() -> None:
    segments = np.repeat([[[1, 1, 1, 1, 1, 2, 2, 0]]], 4_000, axis=0).astype(np.int32)
    uniform, other = np.random.default_rng(0).random((2, 4_000, 1, 8), dtype=np.float32)
    masked = np.full((4_000, 3), -1, dtype=np.int32)
    counts = draw_masked(segments, 0.4, 0.0, uniform, other, masked)
    assert (counts == 3).all()
    assert np.allclose(np.bincount(masked.ravel(), minlength=7) / 4_000, [0.4] * 5 + [0.5] * 2, atol=0.03)


# -- whole models ------------------------------------------------------------------------------------------------------


def walks(people: int = 60, seed: int = 0) -> lt.Interactions:
    """Everybody walks round a circle of 12 items, one step at a time or, half of them, two."""
    rng = generator(seed, "walks")
    start = rng.integers(0, 12, people)
    item = (start[:, None] + np.arange(6) * (1 + np.arange(people) % 2)[:, None]) % 12
    user = np.repeat(np.arange(people), 6)
    return lt.Interactions.from_frame({"user": user, "item": item.ravel(), "timestamp": np.arange(len(user))})


@pytest.mark.parametrize(
    "model",
    [
        SASRec(factors=16, length=6, layers=1, epochs=40, batch_size=16, learning_rate=0.01, dropout=0.1),
        SASRec(factors=16, length=6, layers=1, epochs=60, batch_size=16, learning_rate=0.01, dropout=0.1, negatives=6),
        SASRec(factors=16, length=6, layers=1, epochs=80, batch_size=16, learning_rate=0.01, loss="binary", unseen=4),
        BERT4Rec(factors=16, length=7, layers=1, epochs=100, batch_size=16, learning_rate=0.005, dropout=0.0, last=0.3),
    ],
    ids=["softmax", "sampled", "binary", "bert4rec"],
)
def test_the_pace_of_a_walk_is_learned(model: Any) -> None:
    model.fit(walks(240))
    asked = [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [0, 2, 4, 6, 8], [3, 5, 7, 9, 11]]  # the last item alone would not do
    lists = model.recommend_for(asked, n=1)
    assert [lists.of(n)[0] for n in range(4)] == [5, 10, 10, 1]


def test_patience_holds_out_what_comes_last() -> None:
    model = SASRec(factors=8, length=6, layers=1, epochs=4, batch_size=16, patience=2).fit(walks())
    assert all(0 <= epoch["score"] <= 1 for epoch in model.training_)


def test_heads_divide_factors() -> None:
    with pytest.raises(ConfigError, match="5 does not divide 64"):
        SASRec(heads=5)


def test_half_precision_is_near() -> None:
    exact, half = network(NextNetwork), network(NextNetwork, precision="mixed")
    batch = placed(SEQUENCES, target=TARGETS)
    assert np.allclose(loss_of(exact, batch)[0, :5], loss_of(half, batch)[0, :5], atol=0.15)
    assert Settings(epochs=1, learning_rate=0.1).optimizer == "adam"

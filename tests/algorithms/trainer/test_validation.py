"""What is held out to stop early by, and how it is scored."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

import longtail as lt
from longtail.algorithms.trainer.validation import auc, hold_out, hold_out_rows
from longtail.errors import ConfigError, DataError


def sequences(rng: np.random.Generator, n: int = 60, n_items: int = 12) -> list[list[int]]:
    return [rng.integers(0, n_items, rng.integers(0, 7)).tolist() for _ in range(n)]


def rows_of(lists: list[list[int]], n_items: int) -> sparse.csr_array:
    """Rows in order, with repeats; each entry's value is its place in all, so that entries can be told apart."""
    flat = [item for row in lists for item in row]
    indptr = np.cumsum([0, *map(len, lists)])
    return sparse.csr_array((np.arange(1, len(flat) + 1, dtype=np.float32), flat, indptr), shape=(len(lists), n_items))


@pytest.mark.parametrize("which", ["random", "last"])
def test_one_event_of_some_people_is_taken_and_the_rest_stays_as_it_was(which) -> None:
    lists = sequences(np.random.default_rng(0))
    rows = rows_of(lists, 12)
    left, held = hold_out(rows, which=which, share=0.5, seed=3)
    able = [who for who, row in enumerate(lists) if len(row) >= 2]
    assert len(held.people) == round(0.5 * len(able))
    assert set(held.people.tolist()) <= set(able)
    taken = dict(zip(held.people.tolist(), held.items.tolist(), strict=True))
    for who, row in enumerate(lists):
        span = slice(left.indptr[who], left.indptr[who + 1])
        kept, values = left.indices[span].tolist(), left.data[span].tolist()
        before = rows.data[rows.indptr[who] : rows.indptr[who + 1]].tolist()
        if who not in taken:
            assert (kept, values) == (row, before)
            continue
        gone = next(at for at, value in enumerate(before) if value not in values)
        assert kept == row[:gone] + row[gone + 1 :]
        assert row[gone] == taken[who]
        assert which == "random" or gone == len(row) - 1
        place = held.people.tolist().index(who)
        assert held.histories.indices[held.histories.indptr[place] : held.histories.indptr[place + 1]].tolist() == kept
    assert held.blocked.tolist() == [item not in left.indices for item in range(12)]


def test_any_event_may_be_taken() -> None:
    rows = rows_of([[4, 5, 6]], 7)
    assert {int(hold_out(rows, seed=seed)[1].items[0]) for seed in range(30)} == {4, 5, 6}


def test_few_people_are_held_out_of_many_and_the_seed_says_whom() -> None:
    rows = rows_of([[0, 1, 2]] * 500, 3)
    assert len(hold_out(rows, share=0.5, most=40)[1].people) == 40
    first, again, other = (hold_out(rows, seed=seed)[1] for seed in (1, 1, 2))
    assert first.people.tolist() == again.people.tolist() != other.people.tolist()
    assert first.items.tolist() == again.items.tolist()


def test_scores_against_places_counted_one_by_one() -> None:
    rng = np.random.default_rng(5)
    lists = sequences(rng, 80, 20)
    _, held = hold_out(rows_of(lists, 20), share=1.0, seed=0)
    table = rng.normal(size=(80, 20)).astype(np.float32)
    gain, hits, reciprocal = [], [], []
    for n, (who, item) in enumerate(zip(held.people, held.items, strict=True)):
        met = set(held.histories[[n]].indices.tolist())
        able = [i for i in range(20) if i not in met and not held.blocked[i]]
        order = sorted(able, key=lambda i: -table[who, i])
        place = order.index(item) + 1 if item in order else 0
        gain.append(1 / np.log2(1 + place) if 0 < place <= 5 else 0.0)
        hits.append(0 < place <= 5)
        reciprocal.append(1 / place if 0 < place <= 5 else 0.0)
    answer = lambda people, rows: table[people]  # noqa: E731
    assert held.ndcg(answer, 5) == pytest.approx(np.mean(gain))
    assert held.hit_rate(answer, 5) == pytest.approx(np.mean(hits))
    assert held.mrr(answer, 5) == pytest.approx(np.mean(reciprocal))
    assert 0 < np.mean(gain) < 1


def test_what_comes_again_is_found_when_nothing_is_left_out() -> None:
    _, held = hold_out(rows_of([[3, 1, 3]], 4), which="last")
    answer = lambda people, rows: np.array([[0.0, 1.0, 0.0, 2.0]], dtype=np.float32)  # noqa: E731
    assert held.hit_rate(answer, 1) == 0
    assert held.hit_rate(answer, 1, exclude_seen=False) == 1


def test_rows_are_held_out_at_random_but_never_all() -> None:
    out = hold_out_rows(1000, share=0.2, seed=1)
    assert out.sum() == 200
    assert 0 < out[:500].sum() < 200
    assert hold_out_rows(2, share=1.0).sum() == 1


def test_auc_is_the_share_of_pairs_in_order() -> None:
    rng = np.random.default_rng(2)
    scores, positive = rng.integers(0, 6, 50), rng.random(50) < 0.4
    pairs = [np.sign(a - b) / 2 + 0.5 for a in scores[positive] for b in scores[~positive]]
    assert auc(scores, positive) == pytest.approx(np.mean(pairs))
    assert np.isnan(auc(scores, np.ones(50, dtype=bool)))


def test_too_few_data_to_hold_out_is_said_in_a_line() -> None:
    with pytest.raises(DataError, match="nobody has two events; set patience to 0"):
        hold_out(rows_of([[1], [], [2]], 3))
    with pytest.raises(DataError, match="not two rows"):
        hold_out_rows(1)


def blocks() -> lt.Interactions:
    rows = [(u, i) for u in range(40) for i in range(20) if u % 2 == i % 2 and (u + 2 * i) % 5]
    users, items = zip(*rows, strict=True)
    return lt.Interactions.from_frame({"user": users, "item": items})


def test_a_network_stops_when_its_score_has_stopped_rising_and_keeps_the_best() -> None:
    model = lt.MultDAE(factors=8, epochs=60, patience=3, learning_rate=0.01, batch_size=16).fit(blocks())
    scores = [epoch["score"] for epoch in model.training_]
    best = int(np.argmax(scores))
    assert len(scores) in (best + 4, 60)
    assert model.report is not None
    assert model.report.best == best + 1


def test_an_algorithm_that_holds_nothing_out_says_so() -> None:
    class Stubborn(lt.MultDAE):
        def _fit_preferences(self, weights, train, catalog):  # type: ignore[no-untyped-def]
            self._train(self._feed(weights))

    with pytest.raises(ConfigError, match="Stubborn does not stop early; set patience to 0"):
        Stubborn(factors=4, patience=2).fit(blocks())

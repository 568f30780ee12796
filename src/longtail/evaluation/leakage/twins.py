"""The same user or item under two ids, one of them in train: what is tested under one id is learned under the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
from scipy import sparse

from longtail.data.catalog import YEAR_AT_END
from longtail.evaluation.leakage.cut import Cut, among
from longtail.evaluation.leakage.finding import Answer, Found, Severity, Unseen, share
from longtail.types import AnyArray, IntArray, LongArray, RealArray

__all__ = ["twin_items", "twin_users"]

ALIKE = 0.8
"""Two histories are one person's where they share this part of all their items, with like values ..."""

MARGIN = 12.0
"""... and where chance brings such a pair about less often than once in 2 to this power data sets."""

LONG = 12
"""Shorter ones must be of the same seconds, too: people do click, or love, the same few things one after the other."""

CROWD = 3
"""A user with more twins than this is one of a crowd: a program of study, a starter pack, people who give all the same
answer. That is worth a note, and no second account of a person."""

BANDS, NEIGHBORS, BLOCK = 8, 6, 20_000
PAIRS = 200_000
"""So many pairs are looked at where users are few; where they are many, those of NEIGHBORS each in every band."""

ARTICLE = r"^(.*), (the|a|an|le|la|les|der|die|das|el|il)$"
OWN_TWINS = 0.02
"""The share of test rows up to which items that stand twice in a catalog are a note: real catalogs hold a few."""


def twin_users(cut: Cut) -> Answer:
    """Test rows that the training rows of another id with the same history give away."""
    histories = _Histories(cut)
    pairs = np.array(list(histories.twins()), dtype=np.int64).reshape(-1, 2)
    crowded = (np.bincount(pairs.ravel(), minlength=cut.train.n_users) > CROWD)[pairs].any(axis=1)
    return [
        *_given_away(cut, histories, pairs[~crowded], "the same history", None),
        *_given_away(cut, histories, pairs[crowded], f"a history that more than {CROWD} others share", "note"),
    ]


def _given_away(
    cut: Cut, histories: _Histories, pairs: LongArray, what: str, severity: Severity | None
) -> Iterator[Found]:
    """What the twins among some pairs give away, in words; nothing where that is nothing."""
    given_away: list[AnyArray] = []
    examples = []
    for user, twin in (*pairs.tolist(), *pairs[:, ::-1].tolist()):
        rows = histories.given_away(user, twin)
        if len(rows):
            given_away.append(rows)
            examples.append(dict(zip(("user", "twin"), cut.train.user_ids[[user, twin]].tolist(), strict=True)))
    if given_away:
        rows = np.unique(np.concatenate(given_away))
        users = len(np.unique(cut.test.users[rows]))
        of = f"{share(len(rows), len(cut.test), 'test rows')}, of {users:,} {'user' if users == 1 else 'users'}"
        yield Found(f"{of}, stand in train under another id: {what}", len(rows), examples[:3], severity)


class _Histories:
    """Everybody's history, train and test together, and how much of a surprise it is.

    The surprise of a row, in bits, is -log2 p - log2 v: p is the chance that a user of so many rows met the item, whose
    log odds are those of the item and those of the user less those of all pairs, and v the share of the rows with that
    value, of all rows or of the user's own, whichever is larger (who loves everything agrees with all who do); of long
    histories at the same seconds, also what the seconds tell. Two histories that agree in rows of s bits come about by
    chance with probability 2^-s.
    """

    def __init__(self, cut: Cut) -> None:
        self.cut = cut
        parts = [*cut.visible, cut.test]
        users = np.concatenate([part.users for part in parts])
        items = np.concatenate([part.items for part in parts])
        codes = np.unique(np.concatenate([part.values for part in parts]), return_inverse=True)[1]
        _, first = np.unique(users.astype(np.int64) * cut.train.n_items + items, return_index=True)
        self.users, self.items, self.codes = users[first], items[first], codes[first]
        timed = all(part.times is not None for part in parts)
        times: list[AnyArray | None] = [part.times if timed else np.zeros(len(part), np.int64) for part in parts]
        self.times = np.concatenate([column for column in times if column is not None])[first]
        self.sizes = np.bincount(self.users, minlength=cut.train.n_users)
        present = max(int((self.sizes > 0).sum()), 2)
        self.needed = 2 * np.log2(present) + MARGIN
        raters = np.bincount(self.items)
        met = int((raters > 0).sum())
        odds = _odds(raters[self.items] / present) * _odds(self.sizes[self.users] / met)
        odds /= _odds(np.float64(len(self.users) / (present * met)))
        of_value = np.bincount(self.codes)[self.codes] / len(self.codes)
        keys = self.users.astype(np.int64) * (int(self.codes.max(initial=0)) + 1) + self.codes
        _, own, alike = np.unique(keys, return_inverse=True, return_counts=True)
        of_value = np.maximum(of_value, alike[own] / self.sizes[self.users])
        self.bits: RealArray = np.log2(1 + 1 / odds) - np.log2(of_value)
        _, moment, counts = np.unique(self.times, return_inverse=True, return_counts=True)
        self.time_bits: RealArray = -np.log2(counts[moment] / len(self.times))
        self.start = np.concatenate([[0], np.cumsum(self.sizes)])

    def twins(self) -> Iterator[tuple[int, int]]:
        """Pairs of users with nearly the same history, too long and too rare to be chance."""
        most = np.bincount(self.users, weights=self.bits + self.time_bits, minlength=len(self.sizes))
        enough = most >= self.needed
        for one, other in self._alike(self._candidates(enough)):
            a, b = slice(*self.start[[one, one + 1]]), slice(*self.start[[other, other + 1]])
            _, left, right = np.intersect1d(self.items[a], self.items[b], assume_unique=True, return_indices=True)
            same = self.codes[a][left] == self.codes[b][right]
            if same.mean() < ALIKE:
                continue
            bits = min(self.bits[a][left][same].sum(), self.bits[b][right][same].sum())
            long, at_once = len(left) >= LONG, self._at_once(self.times[a][left], self.times[b][right])
            if long and at_once:
                bits += self.time_bits[a][left][self.times[a][left] == self.times[b][right]].sum()
            if bits >= self.needed and (long or at_once):
                yield int(one), int(other)

    @staticmethod
    def _at_once(one: AnyArray, other: AnyArray) -> bool:
        """Whether most rows are of the same seconds, of which there are at least two."""
        same = one == other
        return bool(same.mean() >= ALIKE) and one[same].min() < one[same].max()

    def given_away(self, user: int, twin: int) -> AnyArray:
        """The test rows of a user whose items stand in the twin's training rows, and not in the user's own."""
        rows = np.flatnonzero(self.cut.test.users == user)
        items = self.cut.test.items[rows]
        own, others = (
            np.concatenate([part.items[part.users == person] for part in self.cut.visible]) for person in (user, twin)
        )
        return rows[among(items, others) & ~among(items, own)]

    def _candidates(self, enough: AnyArray) -> LongArray:
        """(m, 2) users that share two of sixteen minimal hashes of their items (Broder 1997), twins among them."""
        kept = np.flatnonzero(enough)
        if len(kept) < 2:
            return np.empty((0, 2), dtype=np.int64)
        chosen = np.flatnonzero(enough[self.users])
        items, start = self.items[chosen], np.concatenate([[0], np.cumsum(self.sizes[kept])[:-1]])
        found = []
        neighbors = min(max(NEIGHBORS, PAIRS // (BANDS * len(kept))), len(kept) - 1)
        for band in range(BANDS):
            least = [np.minimum.reduceat(_hashes(self.cut.train.n_items, 2 * band + k)[items], start) for k in (0, 1)]
            key = least[0] ^ (least[1] << np.uint64(1))
            order = np.argsort(key, kind="stable")
            for step in range(1, neighbors + 1):
                same = np.flatnonzero(key[order[step:]] == key[order[:-step]])
                found.append(np.sort(np.stack([kept[order[same]], kept[order[same + step]]], axis=1), axis=1))
        return np.unique(np.concatenate(found), axis=0)

    def _alike(self, pairs: LongArray) -> LongArray:
        """Those pairs that share enough of all their items."""
        shape = (len(self.sizes), self.cut.train.n_items)
        met = sparse.csr_array((np.ones(len(self.items), np.float32), self.items, self.start), shape=shape)
        kept = []
        for lo in range(0, len(pairs), BLOCK):
            block = pairs[lo : lo + BLOCK]
            sizes = self.sizes[block]
            block = block[sizes.min(axis=1) >= ALIKE * sizes.max(axis=1)]
            both = np.asarray(met[block[:, 0]].multiply(met[block[:, 1]]).sum(axis=1)).ravel()
            kept.append(block[both >= ALIKE * (self.sizes[block].sum(axis=1) - both)])
        return np.concatenate(kept) if kept else pairs


def _odds(chance: Any) -> Any:
    sure = np.clip(chance, 1e-12, 1 - 1e-3)
    return sure / (1 - sure)


def _hashes(n: int, seed: int) -> AnyArray:
    """(n,) uint64, a hash of each item."""
    return np.random.default_rng([seed, 0x1EAC]).integers(2**63, size=n, dtype=np.uint64)


def twin_items(cut: Cut) -> Answer:
    """Test rows of an item whose twin, another id with the same title and year, its user has in train."""
    if cut.catalog is None or "title" not in cut.catalog.items.columns:
        return Unseen("there are no titles")
    group = _same_title(cut)
    visible = [part.users.astype(np.int64) * cut.train.n_items + group[part.items] for part in cut.visible]
    tested = group[cut.test.items]
    keys = cut.test.users.astype(np.int64) * cut.train.n_items + tested
    own = np.concatenate([cut.pairs(part) for part in cut.visible])
    twice = np.bincount(group, minlength=len(group))[tested] > 1
    rows = np.flatnonzero(twice & among(keys, np.concatenate(visible)) & ~among(cut.test_pairs, own))
    if not len(rows):
        return []
    ids, catalog = cut.train.item_ids, cut.catalog
    examples = [
        {**example, "twin": ids[_other(group, int(item))].item(), "title": catalog.title(example["item"])}
        for example, item in zip(cut.examples(cut.test, rows), cut.test.items[rows[:3]], strict=True)
    ]
    of = share(len(rows), len(cut.test), "test rows")
    said = f"{of} are of an item that their user has in train under another id: the same title and year"
    few = len(rows) <= OWN_TWINS * len(cut.test)
    return [Found(said, len(rows), examples, "note" if few else None)]


def _other(group: IntArray, item: int) -> int:
    return int(next(twin for twin in np.flatnonzero(group == group[item]) if twin != item))


def _same_title(cut: Cut) -> IntArray:
    """(n_items,) one number for all items of the same title and year; an item without a title keeps to itself.

    Case, punctuation and the place of an article do not matter: "Matrix, The" is "the matrix".
    """
    assert cut.catalog is not None
    title = pl.col("title").str.strip_chars()
    behind = title.str.extract(YEAR_AT_END, 1).cast(pl.Int64)
    bare = pl.when(behind.is_null()).then(title).otherwise(title.str.replace(YEAR_AT_END, "")).str.to_lowercase()
    plain = bare.str.replace(ARTICLE, "$2 $1").str.replace_all(r"\W+", " ").str.strip_chars()
    rows = cut.catalog.rows(cut.train.item_ids).with_row_index("index")
    year = pl.coalesce(pl.col("year").cast(pl.Int64), behind) if "year" in rows.columns else behind
    named = rows.select("index", plain=pl.when(plain == "").then(bare).otherwise(plain), year=year)
    first = pl.col("index").first().over("plain", "year")
    numbers: IntArray = (
        named.select(pl.when(pl.col("plain").is_null()).then("index").otherwise(first)).to_series().to_numpy()
    ).astype(np.int32)
    return numbers

"""Pairs of user and item that stand where they must not: in train, twice, in given histories, in what should be new."""

from __future__ import annotations

import numpy as np

from longtail.evaluation.leakage.cut import Cut, among
from longtail.evaluation.leakage.finding import Answer, Found, Unseen, share

__all__ = ["given_hidden", "given_in_train", "not_cold", "pair_in_both", "repeated_pair"]


def pair_in_both(cut: Cut) -> Answer:
    """Test rows whose user and item stand in train."""
    rows = np.flatnonzero(among(cut.test_pairs, cut.train_pairs))
    if not len(rows):
        return []
    said = f"{share(len(rows), len(cut.test), 'test rows')} are in train too: the same user with the same item"
    return [Found(said, len(rows), cut.examples(cut.test, rows))]


def repeated_pair(cut: Cut) -> Answer:
    """Test rows that repeat an earlier one."""
    order = np.argsort(cut.test_pairs, kind="stable")
    ranked = cut.test_pairs[order]
    rows = np.sort(order[1:][ranked[1:] == ranked[:-1]])
    if not len(rows):
        return []
    said = f"{share(len(rows), len(cut.test), 'test rows')} repeat a user with an item that is tested already"
    return [Found(said, len(rows), cut.examples(cut.test, rows))]


def given_hidden(cut: Cut) -> Answer:
    """Test rows whose user and item stand in the given histories."""
    if cut.given is None:
        return Unseen("no histories are given")
    rows = np.flatnonzero(among(cut.test_pairs, cut.pairs(cut.given)))
    if not len(rows):
        return []
    said = f"{share(len(rows), len(cut.test), 'test rows')} stand in the histories given to the algorithms"
    return [Found(said, len(rows), cut.examples(cut.test, rows))]


def given_in_train(cut: Cut) -> Answer:
    """People whose histories are given although train holds rows of theirs."""
    if cut.given is None:
        return Unseen("no histories are given")
    given = cut.given.user_counts > 0
    users = np.flatnonzero(given & (cut.train.user_counts > 0))
    if not len(users):
        return []
    of = share(len(users), int(given.sum()), "people who should be new")
    named = [{"user": user} for user in cut.train.user_ids[users[:3]].tolist()]
    return [Found(f"{of} have rows in train: a model knows them already", len(users), named)]


def not_cold(cut: Cut) -> Answer:
    """Test rows of users or items that the protocol calls new and train knows."""
    if cut.cold is None:
        return Unseen("nothing is promised to be new")
    of_users = cut.cold == "users"
    known = (cut.train.user_counts if of_users else cut.train.item_counts) > 0
    rows = np.flatnonzero(known[cut.test.users if of_users else cut.test.items])
    if not len(rows):
        return []
    said = f"{share(len(rows), len(cut.test), 'test rows')} are of {cut.cold} that should be new, and train knows them"
    return [Found(said, len(rows), cut.examples(cut.test, rows))]

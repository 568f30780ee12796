"""Answers by rater and person: means over them, and the pigeonhole bootstrap of both."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import polars as pl

from longtail.evaluation.perceived.answers import Answers
from longtail.evaluation.perceived.key import Key
from longtail.rng import generator
from longtail.types import AnyArray, BoolArray, IntArray, RealArray

__all__ = ["Crossed"]


@dataclass(frozen=True, eq=False)
class Crossed:
    """The answers to one question, one entry an answer.

    Attributes:
        values: (n,) the answers.
        codes: the row each belongs to.
        raters: (n,) index of the rater.
        people: (n,) index of the person the recommendation was made to.
        made_by: (n, n_algorithms) whether the algorithm made the recommendation.
    """

    values: RealArray
    codes: list[str]
    raters: IntArray
    people: IntArray
    made_by: BoolArray

    @classmethod
    def of(cls, answers: Answers, key: Key, question: str) -> Crossed:
        """The answers to a question.

        Raises:
            DataError: for a question that the sheet does not ask.
        """
        answers.matrix(question)
        mine = answers.table.filter(pl.col("question") == question)
        codes = mine["row"].to_list()
        users = [key.rows[code].user for code in codes]
        made_by = np.array(
            [[name in key.rows[code].places for name in key.algorithms] for code in codes], dtype=np.bool_
        )
        return cls(
            mine["value"].to_numpy().astype(np.float64),
            codes,
            _numbered(mine["rater"].to_list()),
            _numbered(users),
            made_by.reshape(len(codes), len(key.algorithms)),
        )

    def means(self, resamples: int, seed: int) -> tuple[RealArray, RealArray]:
        """(n_algorithms,) mean answers, and (resamples, n_algorithms) those of resampled raters and people."""
        weights = self._weights(resamples, seed)
        made = self.made_by.astype(np.float64)
        plain = _ratio(self.values @ made, made.sum(axis=0))
        return plain, _ratio(weights @ (self.values[:, None] * made), weights @ made)

    def within_raters(self, x: RealArray, resamples: int, seed: int) -> tuple[float, RealArray]:
        """The correlation of answers and x within raters, and that of resampled raters and people."""
        known = ~np.isnan(x)
        part = Crossed(
            self.values[known],
            [code for code, fine in zip(self.codes, known, strict=True) if fine],
            self.raters[known],
            self.people[known],
            self.made_by[known],
        )
        weights = part._weights(resamples, seed)
        plain = part._correlation(x[known], np.ones((1, len(part.values))))
        return float(plain[0]), part._correlation(x[known], weights)

    def _correlation(self, x: RealArray, weights: RealArray) -> RealArray:
        """(b,) weighted correlations of what is left of x and the answers without each rater's own mean."""
        belongs = np.zeros((len(self.values), int(self.raters.max(initial=-1)) + 1))
        belongs[np.arange(len(self.values)), self.raters] = 1.0
        total = weights @ belongs
        products = np.zeros((3, len(weights)))
        for k, (a, b) in enumerate(((x, self.values), (x, x), (self.values, self.values))):
            both = weights @ (a * b)
            means = _ratio((weights * a) @ belongs * ((weights * b) @ belongs), total)
            products[k] = both - np.where(total > 0, means, 0.0).sum(axis=1)
        flat = 1e-9 * np.maximum(weights.sum(axis=1), 1.0)
        varies = (products[1] > flat) & (products[2] > flat)
        scale = np.sqrt(np.maximum(products[1] * products[2], 0.0))
        correlation: RealArray = np.divide(products[0], scale, out=np.full(len(weights), math.nan), where=varies)
        return correlation

    def _weights(self, resamples: int, seed: int) -> RealArray:
        """(resamples, n) draws of each answer: its rater's times its person's; one alone stands still."""
        rng = generator(seed, "pigeonhole")
        weights = np.ones((resamples, len(self.values)))
        for members in (self.raters, self.people):
            count = int(members.max(initial=-1)) + 1
            if count > 1:
                drawn = rng.multinomial(count, np.full(count, 1.0 / count), size=resamples)
                weights *= drawn[:, members]
        if len(weights) and (weights == 1.0).all():  # one rater and one person: nothing to draw from
            weights[:] = 0.0
        return weights


def _numbered(names: list[object]) -> IntArray:
    known = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([known[name] for name in names], dtype=np.int32)


def _ratio(above: AnyArray, below: AnyArray) -> RealArray:
    quotient: RealArray = np.divide(above, below, out=np.full(np.shape(above), math.nan), where=below > 0)
    return quotient

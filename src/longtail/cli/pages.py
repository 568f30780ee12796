"""How the command line shows things: each table or page in one place, for a terminal of any width."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

import numpy as np
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from longtail.algorithms.base import Recommender
from longtail.algorithms.powers import Explains, PredictsRatings
from longtail.data.results import TopN
from longtail.evaluation.measures import COLUMNS
from longtail.evaluation.metrics.value import METRICS, MetricValue
from longtail.types import FloatArray

__all__ = [
    "UserPage",
    "datasets_table",
    "list_table",
    "scores_table",
    "title_of",
]

SHOWN = 5


def title_of(model: Recommender, item: Any) -> str:
    """The title of an item by external id; the id itself where no title is known."""
    return model.titles_[int(model.item_ids_.index([item])[0])] if model.titles_ else str(item)


@dataclass(frozen=True)
class UserPage:
    """A person, to get to know them: what they loved and hated, and what they are recommended, with reasons."""

    person: str
    explicit: bool
    loved: list[dict[str, Any]]
    hated: list[dict[str, Any]]
    recommendations: list[dict[str, Any]]
    ranked_by_score: bool

    @classmethod
    def of_user(cls, model: Recommender, user: Any, n: int, min_rating: float | None) -> UserPage:
        """The page of a user of the training data."""
        row = model.histories_[model.user_ids_.index([user])]
        history = dict(zip(model.item_ids_[row.indices].tolist(), row.data.tolist(), strict=True))
        lists = model.recommend([user], n, min_rating=min_rating)
        reasons = [model.explain(user, item).text for item in lists.of(user)] if isinstance(model, Explains) else []
        listed = lists.of(user)
        ratings = model.predict([user] * len(listed), listed) if _rates(model) else None
        return cls._of(model, f"User {user}", history, lists, reasons, ratings)

    @classmethod
    def of_history(cls, model: Recommender, history: Mapping[Any, float], n: int, min_rating: float | None) -> UserPage:
        """The page of somebody new."""
        lists = model.recommend_for([history], n, min_rating=min_rating)
        listed = lists.of(0)
        reasons = [model.explain_for(history, item).text for item in listed] if isinstance(model, Explains) else []
        ratings = model.predict_for(history, listed) if _rates(model) else None
        return cls._of(model, "Somebody new", history, lists, reasons, ratings)

    @classmethod
    def _of(
        cls,
        model: Recommender,
        person: str,
        history: Mapping[Any, float],
        lists: TopN,
        reasons: list[str],
        ratings: FloatArray | None,
    ) -> UserPage:
        explicit = _explicit(model)
        mean = sum(history.values()) / max(1, len(history))
        known = np.bincount(model.histories_.indices, minlength=len(model.item_ids_))
        fame = dict(zip(history, known[model.item_ids_.index(list(history))].tolist(), strict=True))
        best = sorted(history, key=lambda item: (-history[item], -fame[item]))
        worst = sorted(history, key=lambda item: (history[item], -fame[item]))
        rated = {item: {"item": item, "title": title_of(model, item), "rating": history[item]} for item in history}
        found = [
            {"rank": row["rank"], "item": row["item"], "title": title_of(model, row["item"]), "score": row["score"]}
            for row in lists.to_frame().iter_rows(named=True)
        ]
        for entry, rating in zip(found, ratings if ratings is not None else [], strict=False):
            entry["predicted_rating"] = float(rating)
        for entry, reason in zip(found, reasons, strict=False):
            entry["reason"] = reason
        return cls(
            person=f"{person}: {_met(len(history), mean, explicit=explicit)}",
            explicit=explicit,
            loved=[rated[item] for item in best[:SHOWN] if history[item] >= mean or not explicit],
            hated=[rated[item] for item in worst[:SHOWN] if history[item] < mean and explicit],
            recommendations=found,
            ranked_by_score=not (model.scores_are_ratings and _rates(model)),
        )

    def to_dict(self) -> dict[str, Any]:
        """The page as JSON values."""
        return dataclasses.asdict(self)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the page in a terminal."""
        yield Text(f"\n{self.person}", style="bold")
        for heading, entries in (("Loved" if self.explicit else "Met", self.loved), ("Hated", self.hated)):
            if entries:
                yield Text(f"\n{heading}", style="bold")
                for entry in entries:
                    rating = f"{entry['rating']:>3g}  " if self.explicit else ""
                    yield Text(f"  {rating}{entry['title']}")
        if self.recommendations:
            yield Text("\nRecommended, by score" if self.ranked_by_score else "\nRecommended", style="bold")
            yield self._listed()
        else:
            yield Text("\nNothing to recommend: no item that is new to this person could be ranked.")

    def _listed(self) -> Table:
        """The recommendations: first what they are ranked by, and only columns that hold something."""
        table = _table("")
        table.add_column("#", justify="right")
        titled = any(entry["title"] != str(entry["item"]) for entry in self.recommendations)
        table.add_column("title" if titled else "item", overflow="fold")
        headings = {"score": "score"} if self.ranked_by_score else {}
        if "predicted_rating" in self.recommendations[0]:
            headings["predicted_rating"] = "predicted\nrating"
        for heading in headings.values():
            table.add_column(heading, justify="right")
        reasoned = any(entry.get("reason") for entry in self.recommendations)
        if reasoned:
            table.add_column("why", overflow="fold", style="dim")
        digits = {column: _digits([entry[column] for entry in self.recommendations]) for column in headings}
        for entry in self.recommendations:
            reason = [Text(entry["reason"])] if reasoned else []
            shown = [f"{entry[column]:,.{digits[column]}f}" for column in headings]
            table.add_row(str(entry["rank"]), Text(entry["title"]), *shown, *reason)
        return table


def list_table(lists: TopN, title: str, *, score: str) -> Table:
    """One list of items with titles and scores."""
    table = _table(title)
    table.add_column("#", justify="right")
    table.add_column("title" if lists.titles else "item", overflow="fold")
    table.add_column(score, justify="right")
    for row in lists.to_frame().iter_rows(named=True):
        table.add_row(str(row["rank"]), Text(str(row.get("title", row["item"]))), f"{row['score']:.3f}")
    return table


def scores_table(scores: Mapping[str, MetricValue]) -> Table:
    """Metrics with their values, as a bake-off shows them, and which way is better."""
    table = _table("Scores")
    table.add_column("metric")
    table.add_column("value", justify="right")
    table.add_column("better", style="dim")
    columns = {column.key: column for column in COLUMNS}
    for name, value in scores.items():
        info, column = METRICS[name], columns.get(name)
        better = {True: "higher", False: "lower", None: "neither"}[info.higher_is_better]
        plain = "-" if math.isnan(value) else f"{float(value):.4f}"
        table.add_row(info.title, column.show(float(value)) if column else plain, better)
    return table


def datasets_table(datasets: Mapping[str, Any]) -> Table:
    """The data sets known by name."""
    table = _table("Data sets")
    table.add_column("name", style="bold", no_wrap=True)
    for heading in ("ratings", "users", "items", "MB"):
        table.add_column(heading, justify="right")
    for entry in datasets.values():
        counts = (entry.ratings, entry.users, entry.items)
        table.add_row(entry.folder, *(f"{count:,}" for count in counts), f"{entry.megabytes:g}")
    table.add_row("synthetic", "any", "any", "any", "0")
    table.caption = "MovieLens by GroupLens (research use, with citation); synthetic is generated: synthetic:users=500"
    table.caption_justify = "left"
    return table


def _explicit(model: Recommender) -> bool:
    return model.scale_ is not None


def _rates(model: Recommender) -> TypeGuard[PredictsRatings]:
    """Whether it predicts ratings, and there are ratings to predict."""
    return isinstance(model, PredictsRatings) and _explicit(model)


def _met(count: int, mean: float, *, explicit: bool) -> str:
    noun = "rating" if explicit else "interaction"
    return f"{count:,} {noun}{'' if count == 1 else 's'}" + (f", mean {mean:.2f}" if explicit else "")


def _digits(values: list[float]) -> int:
    """Decimals that tell the values of a column apart: three figures of the largest, at least two below 100."""
    largest = max(map(abs, values))
    return 0 if largest >= 100 else 2 if largest >= 1 or not largest else min(8, 2 - math.floor(math.log10(largest)))


def _table(title: str) -> Table:
    return Table(
        title=title or None, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0)
    )

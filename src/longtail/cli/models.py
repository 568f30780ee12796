"""The verbs `recommend`, `similar` and `fit`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from longtail.cli.options import (
    DEFAULT_ALGORITHM,
    BadRowsOption,
    Data,
    DuplicatesOption,
    Json,
    Model,
    N,
    Spec,
    console,
    fit_watched,
    fitted_model,
    item_of,
    load_data,
    make,
    print_json,
    ratings_of,
)
from longtail.errors import ConfigError

if TYPE_CHECKING:
    from longtail.algorithms.base import Recommender

__all__ = ["fit", "recommend", "similar"]


def fit(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Where to save the model.")],
    data: Data = None,
    algorithm: Spec = None,
    duplicates: DuplicatesOption = None,
    bad_rows: BadRowsOption = "error",
    as_json: Json = False,
) -> None:
    """Fit a model on all the data and save it."""
    from longtail.artifacts import require_target

    require_target(output)
    interactions = load_data(data, duplicates, bad_rows)
    model = fit_watched(make(DEFAULT_ALGORITHM if algorithm is None else algorithm), interactions)
    model.save(output)
    if as_json:
        facts = {"model": str(output), "algorithm": repr(model), "data": interactions.fingerprint}
        print_json(json.dumps(facts))
    else:
        typer.echo(f"Fitted {model!r} on {interactions!r}\nSaved to {output}")


def recommend(
    data: Data = None,
    user: Annotated[list[str] | None, typer.Option("--user", "-u", help="A user of the data; may be repeated.")] = None,
    rated: Annotated[
        list[str] | None,
        typer.Option("--rated", metavar="ITEM=RATING", help="For somebody new: a title or id they rated; repeat it."),
    ] = None,
    algorithm: Spec = None,
    model: Model = None,
    n: N = 10,
    min_rating: Annotated[
        float | None, typer.Option("--min-rating", help="Leave out items with a lower predicted rating.")
    ] = None,
    duplicates: DuplicatesOption = None,
    bad_rows: BadRowsOption = "error",
    as_json: Json = False,
) -> None:
    """Recommend items to a user, or to somebody new who rated a few; first what they loved and hated, then the list."""
    from longtail.cli.pages import UserPage

    if bool(user) == bool(rated):
        raise ConfigError("say for whom: --user ID, or --rated 'TITLE=5' for somebody new")

    def require(model: Recommender) -> None:
        if min_rating is not None and not model.predicts_ratings:
            raise ConfigError(f"{type(model).__name__} predicts no ratings, so it cannot leave out by min_rating")

    fitted = fitted_model(model, data, algorithm, duplicates, bad_rows, require=require)
    if rated:
        pages = [UserPage.of_history(fitted, ratings_of(fitted, rated), n, min_rating)]
    else:
        pages = [UserPage.of_user(fitted, fitted.user_ids_.parse(one), n, min_rating) for one in user or []]
    if as_json:
        found = [page.to_dict() for page in pages]
        print_json(json.dumps(found[0] if len(found) == 1 else found, ensure_ascii=False))
    else:
        for page in pages:
            console().print(page)


def similar(
    item: Annotated[str, typer.Argument(metavar="ITEM", help="A title, such as 'Toy Story (1995)', or an item id.")],
    data: Data = None,
    algorithm: Spec = None,
    model: Model = None,
    n: N = 10,
    duplicates: DuplicatesOption = None,
    bad_rows: BadRowsOption = "error",
    as_json: Json = False,
) -> None:
    """Show the items most like one item."""
    from longtail.algorithms.powers import SimilarItems
    from longtail.cli.pages import list_table, title_of

    def require(model: Recommender) -> None:
        if not isinstance(model, SimilarItems):
            raise ConfigError(f"{type(model).__name__} does not compare items; try -a item-knn or -a svd")

    fitted = fitted_model(model, data, algorithm, duplicates, bad_rows, default="item-knn", require=require)
    assert isinstance(fitted, SimilarItems)
    wanted = item_of(fitted, item)
    lists = fitted.similar_items([wanted], n=n)
    if as_json:
        print_json(lists.to_json())
    elif not len(lists.of(wanted)):
        typer.echo(f"Nothing is known to be like {title_of(fitted, wanted)}.")
    else:
        console().print(list_table(lists, f"Most like {title_of(fitted, wanted)}", score="similarity"))

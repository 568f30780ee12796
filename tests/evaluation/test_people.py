"""The people looked at one by one: who they are, what they met, whose hidden items are found, and a picker."""

from __future__ import annotations

import copy
import json
import re

import numpy as np
import pytest

import longtail as lt
from longtail.errors import UnknownIdError
from longtail.evaluation import people
from longtail.evaluation.bakeoff import Bakeoff, BakeoffResult
from longtail.evaluation.report import render


@pytest.fixture(scope="module")
def bakeoff() -> Bakeoff:
    data = lt.datasets.synthetic(users=80, items=60, ratings=1_500, seed=3)
    return Bakeoff(data, ["popular", "item-knn", "bias"], user=[5, 7, 9], name="small")


@pytest.fixture(scope="module")
def finished(bakeoff: Bakeoff) -> BakeoffResult:
    return bakeoff.run(progress=False)


@pytest.fixture
def made(finished: BakeoffResult) -> BakeoffResult:
    return copy.deepcopy(finished)


def test_those_asked_for_come_first_and_nobody_twice(made: BakeoffResult) -> None:
    assert made.sample.id == 5
    chosen = [(person["id"], person["chosen"]) for person in made.people]
    assert chosen[:2] == [(7, "asked for"), (9, "asked for")]
    assert 5 not in dict(chosen)  # the sample user has a place of their own
    assert len({identity for identity, _ in chosen}) == len(chosen)
    reasons = " ".join(reason for _, reason in chosen)
    assert "light" in reasons
    assert "heavy" in reasons
    assert len([reason for _, reason in chosen if not reason]) == 1


def test_somebody_unknown_is_refused(bakeoff: Bakeoff) -> None:
    with pytest.raises(UnknownIdError):
        Bakeoff(bakeoff.data, ["popular"], user=[5, 99_999])


def test_histories_are_what_was_learned_from_and_hits_are_hidden_items(bakeoff: Bakeoff, made: BakeoffResult) -> None:
    fold = people.fold_for(bakeoff.folds)
    assert fold is not None
    for at, person in enumerate(made.people):
        index = int(fold.train.user_ids.index([person["id"]])[0])
        known = set(fold.train.item_ids[fold.train.items[fold.train.users == index]].tolist())
        hidden = set(fold.test.item_ids[fold.test.items[fold.test.users == index]].tolist())
        for part in ("loved", "hated", "latest"):
            assert {item["item"] for item in person[part]} <= known
        assert {item["item"] for item in person["hidden"]} == hidden
        assert person["rows"] == len(known)
        times = fold.train.times[fold.train.users == index]
        assert len(person["latest"]) == min(5, len(times))
        for outcome in made.outcomes:
            lines = outcome.people[at]
            assert len(lines) <= people.PLACES
            assert not {line["item"] for line in lines} & known
            assert {line["item"] for line in lines if line["hit"]} == {line["item"] for line in lines} & hidden
            assert all("rating" in line for line in lines)
    reasons = [line.get("reason") for outcome in made.outcomes for own in outcome.people for line in own]
    assert any(reasons)


def test_lists_are_those_of_the_figures(bakeoff: Bakeoff, made: BakeoffResult) -> None:
    fold = people.fold_for(bakeoff.folds)
    model = lt.make("popular").fit(fold.train)
    person = made.people[0]["id"]
    listed = [line["item"] for line in made.outcomes[0].people[0]]
    assert listed == model.recommend([person], 10).of(person)


def test_the_most_disputed_of_those_drawn_stays() -> None:
    drawn = [{"candidate": False}, {"candidate": True}, {"candidate": True}]
    lists = [[[{"item": 1}], [{"item": 1}], [{"item": 1}]], [[{"item": 1}], [{"item": 1}], [{"item": 2}]]]
    assert people.settled(drawn, lists) == [0, 2]
    assert people.settled(drawn, lists[:1]) == [0]
    assert people.settled(drawn, []) == [0]


def test_the_latest_are_the_latest(bakeoff: Bakeoff, made: BakeoffResult) -> None:
    fold = people.fold_for(bakeoff.folds)
    person = made.people[0]
    rows = np.flatnonzero(fold.train.users == fold.train.user_ids.index([person["id"]])[0])
    newest = rows[np.argmax(fold.train.times[rows])]
    assert person["latest"][0]["item"] == fold.train.item_ids[fold.train.items[newest]].item()


def test_it_is_plain_and_short(made: BakeoffResult) -> None:
    again = BakeoffResult.from_json(made.to_json())
    assert again.people == made.people
    assert [one.people for one in again.outcomes] == [one.people for one in made.outcomes]
    assert len(json.dumps(made.people)) / len(made.people) < 4_000


def test_people_who_are_folded_in_are_shown_too() -> None:
    data = lt.datasets.synthetic(users=80, items=60, ratings=1_500, seed=3)
    made = Bakeoff(data, ["popular", "item-knn"], protocol="strong-generalization").run(progress=False)
    assert made.people
    assert all(outcome.error is None for outcome in made.outcomes)
    assert any(own for outcome in made.outcomes for own in outcome.people)
    assert all(person["rows"] for person in made.people)


def test_the_picker_is_made_of_radio_buttons_and_titles_cannot_become_elements(made: BakeoffResult) -> None:
    trap = "<b>trap</b>"
    made.people[0]["loved"][0]["title"] = made.people[0]["chosen"] = trap
    made.outcomes[0].people[0][0] |= {"title": trap, "reason": trap, "hit": True}
    html = render(made)
    assert "<b>" not in html
    assert html.count('type="radio" name="person"') == len(made.people) + 1
    assert re.findall(r'<article class="person" id="person-(\d+)"', html) == [
        str(number) for number in range(len(made.people) + 1)
    ]
    assert "hidden item found" in html

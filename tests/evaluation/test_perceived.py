"""Rating sheets: blind, complete, read back and checked; the questionnaire; and how answers go with metrics."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import threading
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import scipy.stats

import longtail as lt
from longtail.data.catalog import Catalog
from longtail.errors import ConfigError, DataError
from longtail.evaluation.perceived import (
    QUESTIONS,
    Answers,
    Key,
    Question,
    Questionnaire,
    RowKey,
    Sheet,
    make_sheet,
    perceived,
    relation,
    row_relation,
)
from longtail.evaluation.perceived.correlation import kendall_tau_b, spearman_rho

NAMES = ["algo-one", "algo-two", "algo-three"]
NASTY = "</script><script>alert(1)</script>"


@pytest.fixture(scope="module")
def data() -> lt.Interactions:
    made = lt.datasets.synthetic(users=30, items=40, ratings=500, seed=2)
    items = made.catalog.items.with_columns(
        pl.when(pl.col("item") == 1).then(pl.lit("=SUM(A1)")).when(pl.col("item") == 2).then(pl.lit(NASTY))
        .otherwise(pl.col("title")).alias("title")
    )  # fmt: skip
    return made.with_catalog(Catalog(items))


def lists_of(data: lt.Interactions, tables: dict[str, list[list[int]]], users: list[int]) -> dict[str, lt.TopN]:
    made = {}
    for name, table in tables.items():
        items = np.array([data.item_ids.index(row) for row in table])
        scores = np.tile(-np.arange(items.shape[1], dtype=np.float32), (len(items), 1))
        made[name] = lt.TopN(data.user_ids.index(users), items, scores, data.user_ids, data.item_ids)
    return made


@pytest.fixture(scope="module")
def tables() -> dict[str, list[list[int]]]:
    """Items 1 and 2 are recommended to the first user by two algorithms each."""
    return {
        "algo-one": [[1, 2, 3], [4, 5, 6]],
        "algo-two": [[2, 1, 7], [8, 4, 9]],
        "algo-three": [[10, 11, 12], [13, 14, 15]],
    }


@pytest.fixture(scope="module")
def made(data: lt.Interactions, tables: dict[str, list[list[int]]]) -> tuple[Sheet, Key]:
    return make_sheet(lists_of(data, tables, [3, 5]), data, n=3, seed=4)


# -- the sheet ---------------------------------------------------------------------------------------------------------


def test_the_key_gives_every_list_back_and_nothing_is_asked_twice(
    made: tuple[Sheet, Key], tables: dict[str, list[list[int]]]
) -> None:
    sheet, key = made
    for name, table in tables.items():
        for user, wanted in zip([3, 5], table, strict=True):
            mine = {row.places[name]: row.item for row in key.rows.values() if row.user == user and name in row.places}
            assert [mine[place] for place in sorted(mine)] == wanted
    pairs = [(row.user, row.item) for row in key.rows.values()]
    assert len(pairs) == len(set(pairs)) == len(sheet.rows) == 7 + 8
    assert sorted(sheet.codes) == sorted(key.codes)
    assert len(set(sheet.codes)) == len(sheet.rows)
    assert [row.person for row in sheet.rows] == [0] * 7 + [1] * 8


def test_the_sheet_is_blind(made: tuple[Sheet, Key]) -> None:
    sheet, key = made
    for text in (sheet.to_html(), sheet.to_csv(), sheet.to_json()):
        assert not any(name in text for name in NAMES)
    assert all(name in key.to_json() for name in NAMES)


def test_rows_come_in_an_order_that_tells_nothing(data: lt.Interactions, tables: dict[str, list[list[int]]]) -> None:
    """Over many seeds every algorithm's recommendations stand in the middle of the sheet on average."""
    lists, places = lists_of(data, tables, [3, 5]), {name: [] for name in NAMES}
    for seed in range(150):
        sheet, key = make_sheet(lists, data, n=3, seed=seed)
        mine = [key.rows[row.code] for row in sheet.rows if row.person == 0]
        for name in NAMES:
            places[name] += [place for place, row in enumerate(mine) if name in row.places]
    for found in places.values():
        assert np.mean(found) == pytest.approx(3.0, abs=0.35)


def test_equal_seeds_give_equal_sheets(data: lt.Interactions, tables: dict[str, list[list[int]]]) -> None:
    lists = lists_of(data, tables, [3, 5])
    one, two, other = (make_sheet(lists, data, n=3, seed=seed)[0] for seed in (1, 1, 2))
    assert one == two
    assert one.sheet != other.sheet
    assert make_sheet(lists, data, n=2)[0].sheet != make_sheet(lists, data, n=3)[0].sheet


def test_a_rater_is_shown_what_the_person_liked(made: tuple[Sheet, Key], data: lt.Interactions) -> None:
    person = made[0].people[0]
    row = data.by_user[[data.user_ids.index([3])[0]]]
    titles = data.catalog.titles(data.item_ids)
    rated = {titles[item]: rating for item, rating in zip(row.indices, row.data, strict=True)}
    assert person.loved
    assert min(rated[title] for title in person.loved) >= row.data.mean() - 1e-6
    assert all(rated[title] < row.data.mean() for title in person.disliked)
    assert max(rated.values()) == rated[person.loved[0]]
    assert person.met.startswith(f"{len(rated)} ratings")


def test_who_rates_everything_alike_dislikes_nothing(data: lt.Interactions, tables: dict[str, list[list[int]]]) -> None:
    alike = dataclasses.replace(data, values=np.full(len(data), 2.5, np.float32))
    for person in make_sheet(lists_of(alike, tables, [3, 5]), alike, n=3)[0].people:
        assert person.loved
        assert person.disliked == []


def test_clicks_have_no_dislikes(data: lt.Interactions, tables: dict[str, list[list[int]]]) -> None:
    clicks = lt.Interactions.from_frame({"user": [3, 3, 5], "item": [1, 2, 3]})
    lists = lists_of(clicks.with_items(data.item_ids.values), tables, [3, 5])
    sheet, _ = make_sheet(lists, clicks.with_items(data.item_ids.values), n=3)
    assert [person.disliked for person in sheet.people] == [[], []]
    assert sheet.people[0].met == "2 interactions"


def test_the_page_stands_alone_and_titles_cannot_break_out(made: tuple[Sheet, Key]) -> None:
    page = made[0].to_html()
    assert NASTY not in page
    assert page.count("</script>") == 2
    for outside in ("http://", "https://", "src=", "@import", "fetch(", "XMLHttpRequest"):
        assert outside not in page
    held = json.loads(page.split('id="data">')[1].split("</script>")[0])
    assert held == made[0].to_dict() | {"questions": [question.to_dict() for question in QUESTIONS]}


def test_a_formula_is_text_in_the_table(made: tuple[Sheet, Key]) -> None:
    rows = list(csv.DictReader(io.StringIO(made[0].to_csv())))
    titles = [row["recommendation"] for row in rows]
    assert "'=SUM(A1)" in titles
    assert "=SUM(A1)" not in titles


def test_sheet_and_key_survive_files(made: tuple[Sheet, Key], tmp_path: Path) -> None:
    sheet, key = made
    sheet.to_json(tmp_path / "sheet.json")
    key.to_json(tmp_path / "key.json")
    assert Sheet.from_json(tmp_path / "sheet.json") == sheet
    assert Key.from_json(tmp_path / "key.json") == key
    (tmp_path / "other.json").write_text('{"sheet": 1}')
    for reader in (Sheet, Key):
        with pytest.raises(DataError, match="is not"):
            reader.from_json(tmp_path / "other.json")
        with pytest.raises(DataError, match="cannot read"):
            reader.from_json(tmp_path / "missing.json")


def test_people_may_judge_for_themselves(data: lt.Interactions, tables: dict[str, list[list[int]]]) -> None:
    sheet, _ = make_sheet(lists_of(data, tables, [3, 5]), data, n=3, own=True)
    assert "suit you?" in sheet.to_csv()
    assert "this person" not in sheet.to_csv()


def test_what_makes_no_sheet_is_refused(data: lt.Interactions, tables: dict[str, list[list[int]]]) -> None:
    lists = lists_of(data, tables, [3, 5])
    with pytest.raises(ConfigError, match="needs the lists"):
        make_sheet({}, data)
    with pytest.raises(ConfigError, match="needs a question"):
        make_sheet(lists, data, questions=[])
    with pytest.raises(ConfigError, match="'relevance'; rename"):
        make_sheet(lists, data, questions=[QUESTIONS[0]] * 2)
    with pytest.raises(DataError, match="no list was made for user 7"):
        make_sheet(lists, data, [7])
    for name, points in (("rater", 5), ("Two words", 5), ("fine", 1), ("fine", 10)):
        with pytest.raises(ConfigError):
            Question(name, "", "", "", "", points)


# -- answers -----------------------------------------------------------------------------------------------------------


def filled(sheet: Sheet, rater: str, values: dict[str, dict[str, object]], separator: str = ",") -> str:
    """The table of a sheet as a spreadsheet saves it after somebody filled it in."""
    table = list(csv.reader(io.StringIO(sheet.to_csv())))
    names = [heading.split(":")[0] for heading in table[0]]
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator)
    writer.writerow(table[0])
    for cells in table[1:]:
        line = dict(zip(names, cells, strict=True)) | {"rater": rater} | values.get(cells[2], {})
        writer.writerow([line[name] for name in names])
    return out.getvalue()


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_filled_in_table_is_read_back(made: tuple[Sheet, Key], tmp_path: Path, separator: str) -> None:
    sheet, key = made
    first, second = list(sheet.codes)[:2]
    said = {first: {"relevance": 5, "novelty": "2,0", "comment": "so; so, 'quoted'"}, second: {"intention": 1}}
    path = tmp_path / "ann.csv"
    path.write_text("\ufeff" + filled(sheet, "ann", said, separator), encoding="utf-8")
    found = Answers.from_csv(path, key)
    assert sorted(found.table.rows()) == sorted(
        [("ann", first, "relevance", 5), ("ann", first, "novelty", 2), ("ann", second, "intention", 1)]
    )
    assert found.comments.rows() == [("ann", first, "so; so, 'quoted'")]
    found.to_csv(tmp_path / "again.csv")
    again = Answers.from_csv(tmp_path / "again.csv", sheet)
    assert again.table.equals(found.table)
    assert again.comments.equals(found.comments)


def test_what_raters_wrote_is_no_formula_either(made: tuple[Sheet, Key]) -> None:
    code = next(iter(made[0].codes))
    text = Answers.of(made[0], [("@ann", code, {"relevance": 3}, "=1+1")]).to_csv()
    assert text.splitlines()[1].endswith(f",'@ann,{code},3,,,,'=1+1")


def test_a_sheet_without_a_name_is_named_after_its_file(made: tuple[Sheet, Key], tmp_path: Path) -> None:
    code = next(iter(made[0].codes))
    for name in ("bob", "cy"):
        (tmp_path / f"{name}.csv").write_text(filled(made[0], "", {code: {"relevance": 3}}))
    found = Answers.from_csv([tmp_path / "bob.csv", tmp_path / "cy.csv"], made[1])
    assert found.raters == ["bob", "cy"]
    table, raters, rows = found.matrix("relevance")
    assert (table.tolist(), raters, rows) == ([[3.0], [3.0]], ["bob", "cy"], [code])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text, code: text.replace(code, "????"), r"line 2: sheet \w+ has no row '\?\?\?\?'; codes look like"),
        (lambda text, code: text.replace(f",{code},", f",{code},", 1) + text.splitlines()[1], r"ann has answer"),
        (lambda text, code: text.replace("relevance: ", "relevancy: "), "column 'relevancy' is no question of sheet"),
        (lambda text, code: text.replace("row,", "line,", 1), "has no column 'row'"),
        (lambda text, code: text.replace(text.splitlines()[1].split(",")[0], "deadbeef"), "belongs to sheet deadbeef"),
    ],
)  # fmt: skip
def test_a_wrong_table_is_one_clear_line(made: tuple[Sheet, Key], tmp_path: Path, change, message: str) -> None:
    code = next(iter(made[0].codes))
    path = tmp_path / "ann.csv"
    path.write_text(change(filled(made[0], "ann", {code: {"relevance": 3}}), code), encoding="utf-8")
    with pytest.raises(DataError, match=message) as caught:
        Answers.from_csv(path, made[1])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", ["0", "6", "2.5", "good", "-1", "nan", "1e400"])
def test_an_answer_off_the_scale_is_refused(made: tuple[Sheet, Key], tmp_path: Path, value: str) -> None:
    code = next(iter(made[0].codes))
    path = tmp_path / "ann.csv"
    path.write_text(filled(made[0], "ann", {code: {"relevance": value}}))
    with pytest.raises(DataError, match=f"line 2, relevance: '{value}' is no answer; write a whole number from 1 to 5"):
        Answers.from_csv(path, made[1])


def test_other_files_are_refused(made: tuple[Sheet, Key], tmp_path: Path) -> None:
    (tmp_path / "latin.csv").write_bytes("rater,row\né,1".encode("latin-1"))
    with pytest.raises(DataError, match="not UTF-8"):
        Answers.from_csv(tmp_path / "latin.csv", made[1])
    with pytest.raises(DataError, match="cannot read"):
        Answers.from_csv(tmp_path / "nothing.csv", made[1])
    code = next(iter(made[0].codes))
    mixed = filled(made[0], "", {code: {"relevance": 3, "rater": "ann"}})
    (tmp_path / "mixed.csv").write_text(mixed)
    with pytest.raises(DataError, match="line 3: no rater"):
        Answers.from_csv(tmp_path / "mixed.csv", made[1])
    with pytest.raises(DataError, match="does not ask 'taste'"):
        Answers.of(made[0], []).matrix("taste")


def test_files_of_one_name_and_a_file_given_twice_are_never_mixed(made: tuple[Sheet, Key], tmp_path: Path) -> None:
    code, paths = next(iter(made[0].codes)), []
    for number, folder in enumerate(("ann", "bob"), start=1):
        (tmp_path / folder).mkdir()
        paths.append(tmp_path / folder / "sheet.csv")
        paths[-1].write_text(filled(made[0], "", {code: {"relevance": number}}))
    for listed in (paths, [paths[0], paths[0]]):
        with pytest.raises(DataError, match=r"sheet has answered row \w+ before \(.*ann.*sheet.csv line 2\)"):
            Answers.from_csv(listed, made[1])


def test_the_name_of_a_sheet_survives_a_spreadsheet(
    data: lt.Interactions, tables: dict[str, list[list[int]]], made: tuple[Sheet, Key]
) -> None:
    """12345678 and 1234e567 would come back as other numbers; a name begins with a letter."""
    lists = lists_of(data, tables, [3, 5])
    names = {make_sheet(lists, data, n=3, seed=seed)[0].sheet for seed in range(40)}
    assert len(names) == 40
    assert all(len(name) == 8 and name[0].isalpha() and name.isalnum() and "E" not in name for name in names)
    assert made[1].sheet == made[0].sheet


def test_the_name_of_a_sheet_from_a_file_cannot_break_out(made: tuple[Sheet, Key]) -> None:
    page = dataclasses.replace(made[0], sheet=NASTY).to_html()
    assert NASTY not in page
    assert page.count("</script>") == 2


# -- the questionnaire -------------------------------------------------------------------------------------------------


def test_a_rater_is_led_through_every_row_person_by_person(made: tuple[Sheet, Key], tmp_path: Path) -> None:
    asking, met = Questionnaire(made[0], tmp_path / "answers.jsonl"), []
    while (turn := asking.next("ann")) is not None:
        assert turn.done == len(met)
        met.append(turn.row)
        asking.take("ann", turn.row.code, {"relevance": 1 + len(met) % 5, "novelty": None})
    assert sorted(row.code for row in met) == sorted(made[0].codes)
    assert sum(a.person != b.person for a, b in pairwise(met)) == 1
    assert asking.progress("ann") == (15, 15)
    assert asking.progress("bob") == (0, 15)
    assert len(asking.answers()) == 15
    orders = {tuple(row.code for row in asking._order(name)) for name in ("ann", "bob", "cy")}
    assert len(orders) == 3


def test_it_goes_on_where_it_was_after_a_crash_in_the_middle_of_a_line(made: tuple[Sheet, Key], tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    asking = Questionnaire(made[0], path)
    first = asking.next("ann").row.code
    asking.take("ann", first, {"relevance": 2}, "hm")
    second = asking.next("ann").row.code
    whole = path.read_bytes()
    asking.take("ann", second, {"relevance": 4})
    path.write_bytes(path.read_bytes()[:-7])
    again = Questionnaire(made[0], path)
    assert path.read_bytes() == whole
    assert again.next("ann").row.code == second
    again.take("ann", second, {"relevance": 5})
    again.take("ann", first, {"relevance": 1})
    final = Questionnaire(made[0], path).answers()
    assert sorted(final.table.select("row", "value").rows()) == sorted([(first, 1), (second, 5)])
    assert final.comments.is_empty()


@pytest.mark.parametrize(
    "row", [("ann", "????", {}), ("", None, {}), ("ann", None, {"relevance": 6}), ("ann", None, {"x": 1})]
)
def test_what_is_wrong_is_not_kept(made: tuple[Sheet, Key], tmp_path: Path, row: tuple[str, str | None, dict]) -> None:
    asking = Questionnaire(made[0], tmp_path / "answers.jsonl")
    rater, code, values = row
    with pytest.raises(DataError):
        asking.take(rater, code or next(iter(made[0].codes)), values)
    assert not asking.path.exists()
    assert asking.progress("ann") == (0, 15)


def test_a_line_that_cannot_be_written_is_not_kept(
    made: tuple[Sheet, Key], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking = Questionnaire(made[0], tmp_path / "answers.jsonl")
    first, second = list(made[0].codes)[:2]
    asking.take("ann", first, {"relevance": 2})
    before = asking.path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("longtail.evaluation.perceived.questionnaire.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        asking.take("ann", second, {"relevance": 2})
    assert asking.path.read_bytes() == before
    assert asking.progress("ann") == (1, 15)


def test_threads_lose_nothing(made: tuple[Sheet, Key], tmp_path: Path) -> None:
    asking = Questionnaire(made[0], tmp_path / "answers.jsonl")

    def answer(rater: str) -> None:
        for code in made[0].codes:
            asking.take(rater, code, {"relevance": 3})

    workers = [threading.Thread(target=answer, args=(f"r{k}",)) for k in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(Questionnaire(made[0], asking.path).answers()) == 6 * 15


def test_the_file_of_another_sheet_is_refused(
    made: tuple[Sheet, Key], data: lt.Interactions, tables: dict[str, list[list[int]]], tmp_path: Path
) -> None:
    path = tmp_path / "answers.jsonl"
    Questionnaire(made[0], path).take("ann", next(iter(made[0].codes)), {"relevance": 3})
    other, _ = make_sheet(lists_of(data, tables, [3, 5]), data, n=2)
    with pytest.raises(ConfigError, match="holds answers to sheet"):
        Questionnaire(other, path)
    path.write_text("not json\n")
    with pytest.raises(DataError, match="not a file of answers"):
        Questionnaire(made[0], path)


def test_signs_that_end_a_line_for_some_are_kept(made: tuple[Sheet, Key], tmp_path: Path) -> None:
    path, code = tmp_path / "answers.jsonl", next(iter(made[0].codes))
    remark = "one\u2028two\u0085three\nfour\x1cfive"
    Questionnaire(made[0], path).take("ann", code, {"relevance": 3}, remark)
    assert Questionnaire(made[0], path).answers().comments.rows() == [("ann", code, remark)]


def test_a_first_line_cut_short_anywhere_is_begun_again(made: tuple[Sheet, Key], tmp_path: Path) -> None:
    path, code = tmp_path / "answers.jsonl", next(iter(made[0].codes))
    Questionnaire(made[0], path).take("ann", code, {"relevance": 3}, "\u00e9\u20ac")
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        again = Questionnaire(made[0], path)
        assert path.read_bytes() == (b"" if cut < len(lines[0]) else lines[0] if cut < len(whole) else whole)
        assert len(again.answers()) == (cut == len(whole))
        again.take("ann", code, {"relevance": 4})
        assert Questionnaire(made[0], path).answers().table["value"].to_list() == [4]


def test_a_file_of_something_else_is_left_as_it_is(made: tuple[Sheet, Key], tmp_path: Path) -> None:
    """Such as the sheet itself: one line without an end, which must not pass for one that a crash cut short."""
    made[0].to_json(tmp_path / "sheet.json")
    (tmp_path / "notes.txt").write_text("remember the milk")
    for name in ("sheet.json", "notes.txt"):
        before = (tmp_path / name).read_bytes()
        with pytest.raises(DataError, match="not a file of answers"):
            Questionnaire(made[0], tmp_path / name)
        assert (tmp_path / name).read_bytes() == before


# -- relation ----------------------------------------------------------------------------------------------------------


def survey(
    algorithms: int,
    *,
    people: int = 12,
    rows: int = 4,
    raters: int = 4,
    effect: float = 1.0,
    noise: float = 0.7,
    seed: int = 0,
) -> tuple[Answers, Key]:
    """Answers in which algorithm k is better than k - 1 by `effect`, raters are unlike generous, and people unlike easy."""  # noqa: E501
    rng = np.random.default_rng(seed)
    names = [f"a{k}" for k in range(algorithms)]
    key_rows, worth = {}, {}
    ease = rng.normal(0, 0.3, people)
    for person in range(people):
        for k, name in enumerate(names):
            for place in range(1, rows + 1):
                code = f"{person}-{k}-{place}"
                key_rows[code] = RowKey(person, code, {name: place}, 10)
                worth[code] = 3 + effect * (k - (algorithms - 1) / 2) + ease[person] + rng.normal(0, 0.3)
    key = Key("test", names, rows, QUESTIONS[:1], key_rows)
    bias = rng.normal(0, 0.3, raters)
    said = [
        (f"r{r}", code, {"relevance": int(np.clip(round(value + bias[r] + rng.normal(0, noise)), 1, 5))}, "")
        for r in range(raters)
        for code, value in worth.items()
    ]
    form = type("Form", (), {"sheet": "test", "codes": list(key_rows), "questions": QUESTIONS[:1]})()
    return Answers.of(form, said), key


def test_means_are_plain_means_and_intervals_hold_them() -> None:
    answers, key = survey(3)
    for k, one in enumerate(perceived(answers, key, "relevance")):
        mine = [value for _, code, _, value in answers.table.rows() if code.split("-")[1] == str(k)]
        assert one.mean == pytest.approx(np.mean(mine))
        assert one.low < one.mean < one.high
        assert (one.recommendations, one.answers) == (48, 192)


def test_what_several_algorithms_recommended_counts_for_each() -> None:
    rows = {"A": RowKey(1, 1, {"x": 1, "y": 2}, 5), "B": RowKey(1, 2, {"x": 2}, 5)}
    key = Key("s", ["x", "y", "z"], 2, QUESTIONS[:1], rows)
    answers = Answers.of(key, [("ann", "A", {"relevance": 5}, ""), ("ann", "B", {"relevance": 1}, "")])
    x, y, z = perceived(answers, key, "relevance")
    assert (x.mean, y.mean) == (3.0, 5.0)
    assert np.isnan(z.mean)
    assert np.isnan([x.low, x.high]).all()  # one rater, one person: nothing is known of others


def test_intervals_cover_the_truth_of_other_raters_and_people() -> None:
    """The interval is about other raters and people: of 100 surveys, most hold the mean over a great many of both."""
    true = {one.algorithm: one.mean for one in perceived(*survey(2, people=300, rows=1, raters=60, seed=999), "relevance", resamples=1)}  # fmt: skip  # noqa: E501
    held = []
    for seed in range(100):
        found = perceived(*survey(2, people=12, rows=2, raters=8, seed=seed), "relevance", resamples=200)
        held += [one.low <= true[one.algorithm] <= one.high for one in found]
    assert 0.87 <= np.mean(held) <= 1.0


@pytest.mark.parametrize("size", [2, 3, 5, 8])
def test_rank_correlations_are_those_of_scipy(size: int, rng: np.random.Generator) -> None:
    for _ in range(20):
        x, y = rng.integers(0, 4, size).astype(float), rng.standard_normal(size)
        tau, rho = kendall_tau_b(x, y), spearman_rho(x, y)
        if len(set(x)) == 1:
            assert np.isnan(tau)
            assert np.isnan(rho)
        else:
            assert tau == pytest.approx(scipy.stats.kendalltau(x, y).statistic)
            assert rho == pytest.approx(scipy.stats.spearmanr(x, y).statistic)


def test_a_planted_relation_is_found_and_its_opposite() -> None:
    answers, key = survey(5, effect=0.4)
    offline = {"ndcg": {f"a{k}": 0.1 * k for k in range(5)}, "rmse": {f"a{k}": -0.1 * k for k in range(5)}}
    found = relation(answers, key, "relevance", offline)
    by = {(tie.name, tie.kind): tie for tie in found.ties}
    assert by["ndcg", "tau"].value == 1.0
    assert by["ndcg", "tau"].p == pytest.approx(2 / 120)
    assert by["ndcg", "tau"].adjusted == pytest.approx(2 * 2 / 120)
    assert by["ndcg", "tau"].words == "rated better where the metric is higher"
    assert by["rmse", "rho"].value == pytest.approx(-1.0)
    assert by["rmse", "rho"].words == "rated better where the metric is lower"
    assert by["ndcg", "tau"].low <= 1.0 == by["ndcg", "tau"].high
    frame = found.to_frame()
    assert frame.columns[-2:] == ["ndcg", "rmse"]
    json.loads(found.to_json(), parse_constant=lambda name: pytest.fail(name))


@pytest.mark.parametrize(("algorithms", "least"), [(2, "1.00"), (3, "0.33"), (4, "0.08")])
def test_few_algorithms_prove_nothing(algorithms: int, least: str) -> None:
    answers, key = survey(algorithms)
    offline = {"ndcg": {f"a{k}": float(k) for k in range(algorithms)}}
    for tie in relation(answers, key, "relevance", offline).ties:
        assert tie.value == pytest.approx(1.0)
        assert tie.words == f"{algorithms} algorithms are too few to conclude anything: at best p = {least}"


def test_many_metrics_are_many_chances() -> None:
    answers, key = survey(5, effect=0.4)
    one = {"ndcg": {f"a{k}": float(k) for k in range(5)}}
    many = one | {f"m{k}": {f"a{j}": float((j * (k + 2)) % 5) for j in range(5)} for k in range(5)}
    alone, among = (relation(answers, key, "relevance", offline).ties[0] for offline in (one, many))
    assert alone.p == among.p <= 0.05
    assert alone.words.startswith("rated better")
    assert among.adjusted > 0.05
    assert among.words == "no relation can be told from chance"


def test_what_is_undefined_is_said() -> None:
    answers, key = survey(3)
    offline = {"same": dict.fromkeys(["a0", "a1", "a2"], 0.5), "one": {"a0": 1.0, "a1": None}}
    same, _, one, _ = relation(answers, key, "relevance", offline).ties
    assert same.words == "undefined: two algorithms at least must differ in both"
    assert one.words == "undefined with one algorithm"
    with pytest.raises(DataError, match="none of the algorithms of the key: a0, a1, a2"):
        relation(answers, key, "relevance", {"ndcg": {"svd": 1.0}})
    with pytest.raises(DataError, match="does not ask 'taste'"):
        perceived(answers, key, "taste")
    with pytest.raises(DataError, match="the key is that of sheet other"):
        perceived(answers, Key("other", key.algorithms, 4, key.questions, key.rows), "relevance")


def test_chance_is_rarely_taken_for_a_relation() -> None:
    """Six algorithms of equal worth, 120 surveys: p <= 0.05 about as often as it should be."""
    strong = 0
    for seed in range(120):
        answers, key = survey(6, people=4, rows=2, raters=2, effect=0.0, seed=seed)
        offline = {"m": {f"a{k}": float(k) for k in range(6)}}
        strong += relation(answers, key, "relevance", offline, resamples=1).ties[0].p <= 0.05
    assert strong <= 0.05 * 120 + 2 * np.sqrt(120 * 0.05 * 0.95)


def test_a_generous_rater_is_no_evidence() -> None:
    """Ann is generous and answered only first places, bob is strict and answered only last ones; place says nothing."""
    rng = np.random.default_rng(1)
    rows, said = {}, []
    for person in range(10):
        for place in range(1, 7):
            code = f"{person}-{place}"
            rows[code] = RowKey(person, code, {"x": place}, place)
            rater, level = ("ann", 4) if place <= 3 else ("bob", 2)
            said.append((rater, code, {"relevance": int(level + rng.integers(-1, 2))}, ""))
    key = Key("s", ["x"], 6, QUESTIONS[:1], rows)
    answers = Answers.of(key, said)
    found = {tie.name: tie for tie in row_relation(answers, key, "relevance")}
    plain = np.corrcoef([rows[code].places["x"] for _, code, _, _ in said], [v["relevance"] for *_, v, _ in said])[0, 1]
    assert plain < -0.6
    assert found["place"].words == "no relation can be told from chance"
    assert found["votes"].words == "undefined: it does not vary within any rater"


def test_a_relation_within_raters_is_found() -> None:
    answers, key = survey(2, effect=1.5)
    facts = {"better": {code: float(code.split("-")[1]) for code in key.rows}, "gap": dict.fromkeys(key.rows, np.nan)}
    found = {tie.name: tie for tie in row_relation(answers, key, "relevance", facts)}
    assert found["better"].words == "rated better where it is higher"
    assert found["better"].low > 0.4
    assert found["place"].low < 0 < found["place"].high
    assert found["gap"].count == 0
    assert found["gap"].words.startswith("undefined")

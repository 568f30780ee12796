"""Networks on the command line and in comparisons: added by --deep, watched, interrupted, missing, tuned."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import longtail as lt
from longtail import cli, registry
from longtail.algorithms.trainer import backend, loop
from longtail.errors import MissingExtraError
from longtail.evaluation.progress import reporting

Run = Callable[..., tuple[int, str, str]]
DATA = "synthetic:users=40,items=30,ratings=400"
SMALL = "mult-dae:factors=4,epochs=3"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["longtail", *arguments])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        printed = capsys.readouterr()
        return int(stopped.value.code or 0), printed.out, printed.err

    return call


@pytest.fixture
def cut_short(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ctrl-C in the second epoch of the first network that is trained, and the epochs that were begun."""
    plain, begun = loop._epoch, []

    def epoch(engine: Any, feed: Any, settings: Any, number: int) -> Any:
        begun.append(number)
        if len(begun) == 2:
            raise KeyboardInterrupt
        return plain(engine, feed, settings, number)

    monkeypatch.setattr(loop, "_epoch", epoch)
    return begun


# -- who takes part ----------------------------------------------------------------------------------------------------


def test_the_deep_line_up_is_of_networks_that_exist() -> None:
    assert set(registry.DEEP) | set(registry.DEEP_SESSIONS) <= set(registry.BUILT_IN)
    assert len(set(registry.DEEP)) == len(registry.DEEP)
    for name in registry.DEEP_SESSIONS:
        assert registry.get(name).reads_order


def test_deep_adds_networks_to_what_is_compared(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "DEEP", ("popular", SMALL))
    code, out, err = run("bakeoff", DATA, "-a", "random", "-a", "popular", "--deep", "--json")
    assert code == 0, err
    found = json.loads(out)
    assert [one["algorithm"] for one in found["outcomes"]] == ["random", "popular", "mult-dae"]


def test_deep_without_names_adds_to_the_line_up(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    asked: list[Any] = []

    class Asked(lt.Bakeoff):
        def __init__(self, data: Any, algorithms: Any, **options: Any) -> None:
            asked.append(algorithms)
            raise KeyboardInterrupt

    monkeypatch.setattr("longtail.evaluation.bakeoff.Bakeoff", Asked)
    run("bakeoff", DATA, "--deep")
    run("bakeoff", DATA, "--deep", "--sessions")
    run("bakeoff", DATA)
    assert asked == [
        [*registry.LINEUP, *registry.DEEP],
        [*registry.SESSIONS, *registry.DEEP_SESSIONS],
        None,
    ]


def test_networks_are_listed_as_a_family_with_their_parameters(run: Run) -> None:
    code, out, _ = run("algorithms")
    assert code == 0
    assert "Deep networks" in out
    code, out, _ = run("algorithms", "mult-dae")
    assert code == 0
    for words in ("epochs", "batch_size", "adam, adamw, adagrad, sgd, rmsprop", "constant, linear, cosine", "patience"):
        assert words in " ".join(out.split())


# -- what is told ------------------------------------------------------------------------------------------------------


def test_epochs_stand_beside_the_bar_on_a_terminal() -> None:
    log = logging.getLogger("longtail.training")
    before = log.level, list(log.handlers)
    console = Console(file=io.StringIO(), force_terminal=True, width=120)
    with reporting(1, 1, show=True, console=console) as reporter:
        reporter.stage("mult-dae", "learns")
        log.info("epoch 3 of 20: loss [4.25]")
    assert "mult-dae" in console.file.getvalue()
    assert "(1 of 1) learns: epoch 3 of 20: loss [4.25]" in console.file.getvalue()
    assert (log.level, log.handlers) == before


@pytest.mark.parametrize("show", [True, False])
def test_epochs_are_not_told_elsewhere(show, capsys) -> None:
    console = Console(file=io.StringIO(), force_terminal=False)
    with reporting(1, 1, show=show, console=console):
        logging.getLogger("longtail.training").info("epoch 3 of 20")
        logging.getLogger("longtail.training").warning("the best weights are kept")
    assert console.file.getvalue() == ""
    assert capsys.readouterr().err == ""


# -- interrupts --------------------------------------------------------------------------------------------------------


def small_data() -> lt.Interactions:
    return lt.datasets.synthetic(users=40, items=30, ratings=400, seed=1)


def test_an_interrupted_network_interrupts_the_bake_off_and_leaves_no_figures(cut_short, tmp_path: Path) -> None:
    contest = lt.Bakeoff(small_data(), ["popular", SMALL, "random"], protocol="leave-one-out")
    result = contest.run(progress=False, folder=tmp_path / "run")
    assert [outcome.algorithm for outcome in result.outcomes] == ["popular"]
    assert result.interrupted
    assert len(result.not_run) == 2
    again = contest.run(progress=False, folder=tmp_path / "run")  # goes on, and learns it whole
    assert [outcome.algorithm for outcome in again.outcomes] == ["popular", "mult-dae", "random"]
    assert cut_short == [1, 2, 1, 2, 3]


def test_an_interrupted_network_interrupts_the_tuner(cut_short) -> None:
    tuner = lt.Tuner(SMALL, small_data(), fixed={"batch_size": 16})
    result = tuner.run(3, progress=False)
    assert result.interrupted
    assert [trial.error for trial in result.trials] == ["interrupted"]


def test_an_interrupted_member_interrupts_its_hybrid(cut_short) -> None:
    hybrid = lt.RankFusion(members=(SMALL, "popular"))
    with pytest.raises(KeyboardInterrupt):
        hybrid.fit(small_data())


def test_fit_on_the_command_line_keeps_what_was_learned_and_says_so(run: Run, cut_short, tmp_path: Path) -> None:
    code, _, err = run("fit", DATA, "-a", SMALL, "-o", str(tmp_path / "model"))
    assert code == 0
    assert err == "longtail: interrupted after 1 of 3 epochs; the best weights so far are kept\n"
    assert lt.load(tmp_path / "model").interrupted_ is True


# -- without the extra -------------------------------------------------------------------------------------------------


@pytest.fixture
def no_keras(monkeypatch: pytest.MonkeyPatch) -> str:
    line = "keras is not installed; run: pip install 'longtail[deep]'"

    def load() -> Any:
        raise MissingExtraError(line)

    monkeypatch.setattr(backend, "_load", load)
    return line


def test_a_missing_extra_fails_that_algorithm_in_a_line(run: Run, no_keras: str) -> None:
    code, out, _ = run("bakeoff", DATA, "-a", "popular", "-a", SMALL, "--json")
    assert code == 0
    assert [one["error"] for one in json.loads(out)["outcomes"]] == [None, no_keras]
    code, _, err = run("bakeoff", DATA, "-a", SMALL)
    assert code == 2
    assert err.endswith(f"longtail: no algorithm finished; the first failed with: {no_keras}\n")
    assert run("fit", DATA, "-a", SMALL, "-o", "nowhere") == (2, "", f"longtail: {no_keras}\n")


# -- tuning ------------------------------------------------------------------------------------------------------------


def test_the_hyperparameters_of_training_are_searched() -> None:
    space = {"epochs": "1:3", "learning_rate": "0.001:0.1:log", "optimizer": "adam,adagrad", "patience": "0,1"}
    tuner = lt.Tuner("mult-dae:factors=4", small_data(), space=space, sampler="random")
    result = tuner.run(3, progress=False)
    assert [trial.error for trial in result.trials] == ["", "", ""]
    assert {"epochs", "learning_rate", "optimizer", "patience", "dropout", "regularization"} <= set(result.space)
    assert len({trial.parameters["learning_rate"] for trial in result.trials}) == 3

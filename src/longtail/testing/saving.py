"""Checks of saving: what is loaded answers as what was saved."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from longtail import params, registry
from longtail.algorithms.base import load
from longtail.testing.compare import demand, differences, learned
from longtail.testing.subject import Subject, ask_everything
from longtail.testing.worlds import ragged

__all__ = ["SavingChecks"]


class SavingChecks(Subject):
    """What must hold of `save` and `load`."""

    @contextmanager
    def _saved(self) -> Iterator[tuple[Any, Path]]:
        """A fitted model and the directory it was saved to."""
        with tempfile.TemporaryDirectory() as folder:
            model, path = self.fitted(ragged()), Path(folder) / "model"
            model.save(path)
            yield model, path

    def test_a_loaded_model_answers_the_same(self) -> None:
        with self._saved() as (model, path):
            again = load(path)
            demand(type(again) is registry.get(self.algorithm), f"{self.algorithm} loads as {type(again).__name__}")
            demand(params.values(again) == params.values(model), "a hyperparameter was lost")
            lost = differences(learned(model), learned(again))
            demand(not lost, f"saving or loading changed {', '.join(lost)}")
            different = differences(ask_everything(model), ask_everything(again))
            demand(not different, f"the loaded model answers differently: {', '.join(different)}")

    def test_a_loaded_model_can_be_saved_and_fitted(self) -> None:
        with self._saved() as (_, path):
            load(path).save(path.with_name("again"))
            lost = differences(learned(load(path)), learned(load(path.with_name("again"))))
            demand(not lost, f"saving a loaded model changed {', '.join(lost)}")
            load(path).fit(ragged()).recommend(n=3)

    def test_an_artifact_is_two_files(self) -> None:
        with self._saved() as (_, path):
            found = sorted(file.name for file in path.iterdir())
            demand(found == ["arrays.safetensors", "manifest.json"], f"an artifact must be two files, not {found}")
            manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
            demand(manifest["algorithm"] == self.algorithm, "the manifest must name the algorithm")

    def test_asking_a_loaded_model_leaves_its_files_alone(self) -> None:
        with self._saved() as (_, path):
            before = {file.name: file.read_bytes() for file in path.iterdir()}
            ask_everything(load(path))
            after = {file.name: file.read_bytes() for file in path.iterdir()}
            demand(before == after, "asking a loaded model changed its files")

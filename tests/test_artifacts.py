"""Artifacts: what goes in comes out; what is damaged or foreign is refused in one line; nothing is half-written."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import shutil
import stat
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from safetensors.numpy import save_file
from scipy import sparse

import longtail as lt
from longtail import artifacts
from longtail.data.ids import Ids
from longtail.errors import ArtifactError
from longtail.testing.compare import differences, learned, same_lists

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
ARRAYS = st.sampled_from([np.bool_, np.uint8, np.int32, np.int64, np.float32, np.float64]).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0, max_side=4))
)
IDS = st.one_of(
    st.lists(st.integers(-(2**63), 2**63 - 1), unique=True),
    st.lists(TEXT.map(lambda text: text.replace("\0", "")), min_size=1, unique=True),
).map(lambda values: Ids(values, kind="item"))
CSR = hnp.arrays(np.float32, (3, 4), elements=st.sampled_from([0.0, 1.0, -2.5])).map(sparse.csr_array)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
)
SCALAR = st.floats(allow_nan=False) | st.floats(allow_nan=False).map(np.float64) | st.integers(0, 9).map(np.int32)
TUPLE = st.tuples(st.floats(0, 5), st.floats(0, 5))
STATE = st.dictionaries(
    st.sampled_from(["a_", "b_", "c_", "d_"]),
    ARRAYS | IDS | CSR | JSON | SCALAR | TUPLE | st.lists(TEXT, min_size=1),
)


@pytest.fixture
def saved(small: lt.Interactions, tmp_path: Path) -> Path:
    lt.make("popular").fit(small).save(tmp_path / "model")
    return tmp_path / "model"


def lists(path: Path) -> list[Any]:
    return lt.load(path).recommend(n=3).items.tolist()


def refused(path: Path, saying: str = "") -> None:
    with pytest.raises(ArtifactError) as caught:
        lt.load(path)
    assert saying in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def edit_manifest(path: Path, **changes: Any) -> None:
    file = path / "manifest.json"
    if "state" in changes:  # so that not the checksum gives it away
        changes["state_crc32"] = zlib.crc32(json.dumps(changes["state"], sort_keys=True).encode())
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def edit_header(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Rewrite the header of the arrays file and leave its data as they are."""
    file = path / "arrays.safetensors"
    raw = file.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + length])
    change(header)
    text = json.dumps(header, separators=(",", ":")).encode()
    file.write_bytes(len(text).to_bytes(8, "little") + text + raw[8 + length :])
    edit_manifest(path, crc32=zlib.crc32(file.read_bytes()))  # so that not the checksum gives it away


# -- round trips -------------------------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(STATE)
def test_state_comes_back(tmp_path_factory: pytest.TempPathFactory, state: dict[str, Any]) -> None:
    path = tmp_path_factory.mktemp("artifact") / "model"
    artifacts.write(path, {"algorithm": "x"}, state)
    manifest, again = artifacts.read(path)
    assert differences(state, again) == []
    assert manifest == {"format": artifacts.FORMAT, "algorithm": "x"}
    for name, value in state.items():
        if isinstance(value, np.ndarray):
            assert again[name].dtype == value.dtype
        elif isinstance(value, (tuple, str, bool, list, dict)) or value is None:
            assert type(again[name]) is type(value)
        elif isinstance(value, Ids):
            assert again[name].kind == "item"


def test_what_two_states_share_is_written_once_and_read_as_one(tmp_path: Path) -> None:
    array, ids, texts = np.arange(1000), Ids(range(5), kind="item"), ["a", "b"]
    inner = {"array_": array, "ids_": ids, "texts_": texts, "own_": array.copy()}
    state = {"array_": array, "ids_": ids, "texts_": texts, "models_": [artifacts.Saved({"algorithm": "x"}, inner)] * 2}
    artifacts.write(tmp_path / "m", {}, state)
    found = artifacts.read(tmp_path / "m")[1]
    assert (tmp_path / "m" / "arrays.safetensors").stat().st_size < 4 * array.nbytes  # one, and two of their own
    for saved in found["models_"]:
        assert saved.manifest == {"algorithm": "x"}
        assert all(saved.state[name] is found[name] for name in ("array_", "ids_", "texts_"))
        assert differences(inner, saved.state) == []
        assert saved.state["own_"] is not found["array_"]


def test_not_finite_numbers_come_back(tmp_path: Path) -> None:
    state = {"low_": float("-inf"), "high_": float("inf"), "none_": float("nan"), "row_": np.array([np.nan, np.inf])}
    artifacts.write(tmp_path / "m", {}, state)
    assert differences(state, artifacts.read(tmp_path / "m")[1]) == []
    assert "NaN" not in (tmp_path / "m" / "manifest.json").read_text()


def test_arrays_are_mapped_and_the_file_is_safe_from_writing(saved: Path) -> None:
    before = (saved / "arrays.safetensors").read_bytes()
    model = lt.load(saved)
    base: Any = model.counts_
    while isinstance(base, np.ndarray) and not isinstance(base, np.memmap):
        base = base.base
    assert isinstance(base, np.memmap)
    model.counts_[:] = 99.0
    assert (saved / "arrays.safetensors").read_bytes() == before
    assert lt.load(saved).counts_.max() < 99.0


@pytest.mark.parametrize("name", ["with space", "größe-模型", "deep/er/still", "a.b"])
def test_paths(small: lt.Interactions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    model = lt.make("popular").fit(small)
    for path in (name, Path(name) / "inner", f"{name}/"):
        shutil.rmtree(name, ignore_errors=True)
        model.save(path)
        assert same_lists(lt.load(path).recommend(n=3), model.recommend(n=3))


def test_saving_through_a_link_keeps_the_link(small: lt.Interactions, saved: Path, tmp_path: Path) -> None:
    link = tmp_path / "current"
    link.symlink_to(saved, target_is_directory=True)
    lt.make("popular", damping=0.0).fit(small).save(link)
    assert link.is_symlink()
    assert lt.load(saved).damping == 0.0
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["current", "model"]


def test_a_loaded_model_can_be_saved_where_it_came_from(saved: Path) -> None:
    model = lt.load(saved)
    before = learned(model)
    model.save(saved)
    assert differences(before, learned(lt.load(saved))) == []
    assert model.recommend(n=2).items.tolist() == lt.load(saved).recommend(n=2).items.tolist()


# -- damaged and foreign -----------------------------------------------------------------------------------------------


def test_missing(tmp_path: Path) -> None:
    refused(tmp_path / "nothing", "no saved model at")
    (tmp_path / "file").write_text("hello")
    refused(tmp_path / "file", "no saved model at")


@pytest.mark.parametrize("name", ["manifest.json", "arrays.safetensors"])
def test_missing_file(saved: Path, name: str) -> None:
    (saved / name).unlink()
    refused(saved, f"{name} is missing")


@pytest.mark.parametrize("share", [0.0, 0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 1.0])
def test_truncated_arrays(saved: Path, share: float) -> None:
    file = saved / "arrays.safetensors"
    raw = file.read_bytes()
    file.write_bytes(raw[: min(int(share * len(raw)), len(raw) - 1)])
    refused(saved, "truncated")


def test_every_cut_of_the_arrays_header(saved: Path) -> None:
    file = saved / "arrays.safetensors"
    raw = file.read_bytes()
    end = 8 + int.from_bytes(raw[:8], "little")
    for cut in [*range(12), *range(12, end + 40, 7)]:
        file.write_bytes(raw[:cut])
        refused(saved)


def test_arrays_with_something_behind(saved: Path) -> None:
    with (saved / "arrays.safetensors").open("ab") as file:
        file.write(b"more")
    refused(saved, "its header promises others")


def test_a_changed_byte(saved: Path) -> None:
    file = saved / "arrays.safetensors"
    raw = file.read_bytes()
    for place in {8 + int.from_bytes(raw[:8], "little"), len(raw) - 1}:  # the first of the data, and the last
        file.write_bytes(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :])
        refused(saved, "is damaged: the checksum of arrays.safetensors differs")


def test_a_target_is_refused_before_the_work(saved: Path, tmp_path: Path) -> None:
    artifacts.require_target(saved)
    artifacts.require_target(tmp_path / "deep" / "new")
    (tmp_path / "notes.txt").write_text("mine")
    for wrong in (tmp_path, tmp_path / "notes.txt", tmp_path / "notes.txt" / "model"):
        with pytest.raises(ArtifactError):
            artifacts.require_target(wrong)


def test_every_cut_of_the_manifest(saved: Path) -> None:
    file = saved / "manifest.json"
    raw = file.read_bytes()
    for cut in range(0, len(raw) - 1, 13):
        file.write_bytes(raw[:cut])
        refused(saved)


@pytest.mark.parametrize(
    "text",
    ["[]", "{}", "null", '"format"', "17", "\ufeff{}", '{"format": 1}', '{"format": 1, "state": []}', "[" * 9999],
)
def test_foreign_manifest(saved: Path, text: str) -> None:
    (saved / "manifest.json").write_text(text, encoding="utf-8")
    refused(saved)


def test_manifest_that_is_not_text(saved: Path) -> None:
    (saved / "manifest.json").write_bytes(b"\xff\xfe\x00\x01")
    refused(saved)


def test_foreign_arrays(saved: Path) -> None:
    save_file({"weights": np.zeros(3, dtype=np.float32)}, saved / "arrays.safetensors")
    refused(saved)
    (saved / "arrays.safetensors").write_bytes(b"PK\x03\x04 not what was promised, but long enough")
    refused(saved)


@pytest.mark.parametrize(
    "change",
    [
        lambda header: header["counts_"]["data_offsets"].reverse(),
        lambda header: header["counts_"].update(data_offsets=[-8, 16]),
        lambda header: header["counts_"].update(data_offsets=[0.0, 24.0]),
        lambda header: header["counts_"].update(data_offsets=[0]),
        lambda header: header["counts_"].update(data_offsets=[0, 2**62]),
        lambda header: header["counts_"].update(data_offsets="ab"),
        lambda header: header["counts_"].update(shape=[7]),
        lambda header: header["counts_"].update(shape=[-6]),
        lambda header: header["counts_"].update(shape=None),
        lambda header: header["counts_"].update(dtype="F128"),
        lambda header: header["counts_"].update(dtype=["F32"]),
        lambda header: header.pop("counts_"),
        lambda header: header.update(counts_=[]),
    ],
)
def test_damaged_header(saved: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    edit_header(saved, change)
    refused(saved)


def test_newer_format(saved: Path) -> None:
    edit_manifest(saved, format=artifacts.FORMAT + 1)
    refused(saved, f"has format {artifacts.FORMAT + 1}; this version reads format {artifacts.FORMAT}")


@pytest.mark.parametrize(
    "algorithm", ["no-such-thing", "os:system", "longtail.algorithms.baseline:Popular", 3, None, ["svd"]]
)
def test_unknown_algorithm(saved: Path, algorithm: Any) -> None:
    edit_manifest(saved, algorithm=algorithm)
    refused(saved, "cannot be loaded")


@pytest.mark.parametrize(
    "chosen", [{}, {"damping": 5.0, "more": 1}, {"damping": "five"}, {"damping": -1.0}, [], None, {"Damping": 5.0}]
)
def test_other_hyperparameters(saved: Path, chosen: Any) -> None:
    edit_manifest(saved, hyperparameters=chosen)
    refused(saved, "cannot be loaded")


@pytest.mark.parametrize(
    "change",
    [
        lambda state: state.pop("theta_"),
        lambda state: state.pop("members_"),
        lambda state: state["members_"]["models"].pop(),
        lambda state: state["members_"]["models"][0]["state"].popitem(),
        lambda state: state["members_"]["models"][0]["hyperparameters"].update(factors=5),
    ],
)
def test_a_damaged_member(small: lt.Interactions, tmp_path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """A state that lacks something would load, and fail where it is missed."""
    path = tmp_path / "blend"
    lt.make("blend", members=("svd:factors=2,epochs=1", "bias"), folds=2).fit(small).save(path)
    file = path / "manifest.json"
    manifest = json.loads(file.read_text())
    change(manifest["state"])
    file.write_text(json.dumps(manifest))
    refused(path, "damaged")


def test_a_state_that_would_replace_a_method(saved: Path) -> None:
    state = json.loads((saved / "manifest.json").read_text())["state"]
    edit_manifest(saved, state={**state, "recommend": {"json": 1, "tuple": False}})
    refused(saved, "does not hold what a model learns")
    edit_manifest(saved, state={name: entry for name, entry in state.items() if name != "histories_"})
    refused(saved, "does not hold what a model learns")


# -- never half-written ------------------------------------------------------------------------------------------------

STEPS = {
    "make a directory": (artifacts.tempfile, "mkdtemp"),
    "write the arrays": (artifacts, "save_file"),
    "sync a file": (artifacts.os, "fsync"),
    "write the manifest": (Path, "write_text"),
    "change the mode": (Path, "chmod"),
    "rename": (Path, "rename"),
}


@pytest.mark.parametrize("swaps", [True, False], ids=["swap", "by turns"])
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["full", "stop"])
def test_a_failed_save_leaves_the_old_model(
    small: lt.Interactions, saved: Path, monkeypatch: pytest.MonkeyPatch, step: str, failure: BaseException, swaps: bool
) -> None:
    """The first and then the second call of each step fails, over an old model; it stays whole, nothing lies about."""
    if swaps and step == "rename":
        pytest.skip("a swap renames nothing")
    if not swaps:
        monkeypatch.setattr(artifacts, "_swap", lambda a, b: False)
    model, other = lt.load(saved), lt.make("popular", damping=1.0).fit(small)
    for fails_at in (1, 2):
        before = {file.name: file.read_bytes() for file in saved.iterdir()}
        failing = Failing(*STEPS[step], fails_at, failure)
        with monkeypatch.context() as patch:
            patch.setattr(*STEPS[step], failing)
            with contextlib.suppress(ArtifactError, KeyboardInterrupt):
                other.save(saved)
        assert fails_at == 2 or failing.calls, f"saving does not {step}"
        if failing.failed:
            assert {file.name: file.read_bytes() for file in saved.iterdir()} == before
        assert [entry.name for entry in saved.parent.iterdir()] == ["model"]
        model.save(saved)


class Failing:
    """A function that fails at its n-th call."""

    def __init__(self, owner: Any, name: str, fails_at: int, failure: BaseException) -> None:
        self.original, self.fails_at, self.failure = getattr(owner, name), fails_at, failure
        self.calls = 0

    def __get__(self, instance: Any, owner: Any) -> Any:
        return functools.partial(self, instance)

    def __call__(self, *args: Any, **options: Any) -> Any:
        self.calls += 1
        if self.calls == self.fails_at:
            raise self.failure
        return self.original(*args, **options)

    @property
    def failed(self) -> bool:
        return self.calls >= self.fails_at


def test_a_full_disk_says_so(small: lt.Interactions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(artifacts, "save_file", full)
    with pytest.raises(ArtifactError, match=r"^cannot save to .*model: .*No space left on device$"):
        lt.make("popular").fit(small).save(tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="no file size limits")
def test_a_real_write_that_fails(tmp_path: Path) -> None:
    """The operating system refuses the write: a process that may write no more than 4 KiB to a file."""
    code = """
import resource, signal, sys
import numpy as np
from longtail import artifacts
from longtail.errors import ArtifactError
path = sys.argv[1]
artifacts.write(path, {"round": 1}, {"a_": np.zeros(10)})
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    artifacts.write(path, {"round": 2}, {"a_": np.zeros(100_000)})
except ArtifactError as error:
    print(error)
"""
    command, paths = [sys.executable, "-c", code, tmp_path / "m"], {"PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **paths})
    assert run.stdout.startswith(f"cannot save to {tmp_path / 'm'}: ")
    assert artifacts.read(tmp_path / "m")[0]["round"] == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["m"]


def test_a_directory_that_cannot_be_written(small: lt.Interactions, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ArtifactError, match="cannot save to"):
        lt.make("popular").fit(small).save(tmp_path / "file" / "model")


@pytest.mark.parametrize("content", [{"notes.txt": "mine"}, {"manifest.json": "{}"}, {"manifest.json": "{}", "b": ""}])
def test_what_is_not_a_model_is_not_overwritten(
    small: lt.Interactions, tmp_path: Path, content: dict[str, str]
) -> None:
    target = tmp_path / "target"
    target.mkdir()
    for name, text in content.items():
        (target / name).write_text(text)
    with pytest.raises(ArtifactError, match="is not a saved model; choose another path"):
        lt.make("popular").fit(small).save(target)
    assert {file.name: file.read_text() for file in target.iterdir()} == content


def test_a_file_is_not_overwritten(small: lt.Interactions, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ArtifactError, match="is not a saved model; choose another path"):
        lt.make("popular").fit(small).save(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"


def test_an_empty_directory_and_a_damaged_model_are_replaced(
    small: lt.Interactions, saved: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    (saved / "manifest.json").write_text("{")
    for target in (tmp_path / "empty", saved):
        lt.make("popular").fit(small).save(target)
        assert lists(target)


def test_a_saved_model_can_be_read_by_others(saved: Path) -> None:
    """The temporary directory it is written to is private; the model is not."""
    assert stat.S_IMODE(saved.stat().st_mode) == 0o755
    for name in ("manifest.json", "arrays.safetensors"):
        assert stat.S_IMODE((saved / name).stat().st_mode) & 0o044 == 0o044


def test_values_that_cannot_be_saved_are_named(tmp_path: Path) -> None:
    for value in (
        object(),
        {1, 2},
        [object()],
        np.array([object()]),
        np.zeros(2, dtype=np.complex128),
        {"x": float("nan")},
    ):
        with pytest.raises(ArtifactError, match="cannot save"):
            artifacts.write(tmp_path / "m", {}, {"a_": value})
        assert list(tmp_path.iterdir()) == []

"""Names lead to algorithms, and an installed package can add one."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from longtail import registry
from longtail.algorithms.baseline import Popular
from longtail.errors import ConfigError

PLUGIN = '''
from dataclasses import dataclass
from longtail.algorithms.baseline import Popular

@dataclass(kw_only=True)
class Famous(Popular):
    """Popular by another name."""
'''


def install(folder: Path, entry_points: str, **files: str) -> None:
    """Lay out what installing a distribution leaves behind."""
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    info = folder / "plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[longtail.algorithms]\n{entry_points}\n")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder packages are imported from, for the length of a test."""
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("plugin_")]:
        del sys.modules[name]


@pytest.mark.parametrize("name", registry.BUILT_IN)
def test_every_name_leads_to_its_class_and_back(name: str) -> None:
    assert registry.name_of(registry.get(name)) == name
    assert type(registry.make(name)) is registry.get(name)


def test_a_plugin_appears(site: Path) -> None:
    assert "famous" not in registry.names()
    install(site, "famous = plugin_module:Famous", plugin_module=PLUGIN)
    assert registry.names() == [*registry.BUILT_IN, "famous"]
    model = registry.make("famous", damping=2.0)
    assert isinstance(model, Popular)
    assert registry.name_of(type(model)) == "famous"
    assert registry.parse("famous:damping=3")[1] == {"damping": 3.0}


def test_a_plugin_may_be_named_where_it_is_re_exported(site: Path) -> None:
    install(site, "famous = plugin_top:Famous", plugin_top="from plugin_inner import Famous", plugin_inner=PLUGIN)
    assert registry.name_of(registry.get("famous")) == "famous"


def test_a_plugin_cannot_take_a_built_in_name(site: Path) -> None:
    install(site, "popular = plugin_module:Famous", plugin_module=PLUGIN)
    assert registry.get("popular") is Popular
    assert registry.names().count("popular") == 1
    with pytest.raises(ConfigError, match="Famous is not registered"):
        registry.name_of(importlib.import_module("plugin_module").Famous)


@pytest.mark.parametrize(
    ("target", "text"), [("gone:Famous", "No module named 'gone'"), ("plugin_module:Gone", "has no attribute 'Gone'")]
)
def test_a_broken_plugin_is_named(site: Path, target: str, text: str) -> None:
    install(site, f"famous = {target}", plugin_module=PLUGIN)
    with pytest.raises(ConfigError, match=f"algorithm 'famous' cannot be loaded from {target}: .*{text}"):
        registry.get("famous")
    assert registry.name_of(Popular) == "popular"
    with pytest.raises(ConfigError, match="is not registered"):
        registry.name_of(int)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("svd:factors=3,factors=4", "'svd:factors=3,factors=4': factors stands there twice; drop one"),
        ("svdd", "no algorithm 'svdd'; did you mean svd?"),
        ("SVD", "no algorithm 'SVD'; did you mean svd?"),
        ("svd++", "no algorithm 'svd++'; did you mean svdpp?"),
        ("zzz", "no algorithm 'zzz'; choose from random, popular,"),
        ("", "no algorithm ''; choose from"),
        ("popular:dampin=1", "Popular has no parameter 'dampin'; did you mean damping?"),
        ("popular:zzz=1", "Popular has no parameter 'zzz'; it takes damping"),
        ("popular:damping", "'popular:damping': write parameters as popular:parameter=value"),
        ("popular:damping=high", "Popular: damping must be a number, not 'high'"),
    ],
)
def test_a_wrong_spec_says_what_is_right(spec: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        registry.parse(spec)
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    ("spec", "name", "values"),
    [
        ("popular", "popular", {}),
        ("popular:", "popular", {}),
        ("popular:damping=2", "popular", {"damping": 2.0}),
        ("svd:factors=8,learning-rate=0.1", "svd", {"factors": 8, "learning_rate": 0.1}),
        ("svd:factors=8:epochs=2", "svd", {"factors": 8, "epochs": 2}),
        ("svd: factors = 8 , epochs=2", "svd", {"factors": 8, "epochs": 2}),
        ("svd:biased=no", "svd", {"biased": False}),
    ],
)
def test_specs(spec: str, name: str, values: dict[str, object]) -> None:
    found = registry.parse(spec)
    assert found == (name, values)
    assert [type(value) for value in found[1].values()] == [type(value) for value in values.values()]


def test_make_names_what_is_wrong() -> None:
    with pytest.raises(ConfigError, match="Popular has no parameter 'dampin'; did you mean damping"):
        registry.make("popular", dampin=1.0)
    with pytest.raises(ConfigError, match=r"Popular: damping must be at least 0\.0, not -1\.0"):
        registry.make("popular", damping=-1.0)


def test_every_algorithm_has_a_family() -> None:
    known = {
        "baseline",
        "neighborhood",
        "content",
        "factorization",
        "linear",
        "graph",
        "clicks",
        "deep",
        "sequence",
        "hybrid",
    }
    assert {registry.family(name) for name in registry.BUILT_IN} == known
    assert registry.family("no-such-thing") == "plug-in"

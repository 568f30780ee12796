"""The rules of the house, read from the syntax tree: who may import whom, how long a module may be, what is banned.

The table `MAY_IMPORT` is section 1 of the design. A rule that would let a planted violation pass is itself a failure:
the second half of this file plants them.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from longtail import registry

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src"
LONGEST = 350

LEAVES = {"longtail", *(f"longtail.{name}" for name in ("errors", "rng", "extras", "memory", "params", "types"))}
"""Open to all (of `longtail` itself: the version)."""

MAY_IMPORT: dict[str, str] = {
    # this module, or the modules of this package: its own package, the leaves, and
    "longtail": "",
    "longtail.artifacts": "data",
    "longtail.registry": "",
    "longtail.kernels": "",
    "longtail.data": "",
    "longtail.algorithms": "data kernels"
    " algorithms.base algorithms.powers algorithms.histories algorithms.lists algorithms.preferences"
    " algorithms.ranker algorithms.item_weights algorithms.sequential algorithms.trainer",
    "longtail.algorithms.clicks": "data kernels algorithms.base algorithms.ranker algorithms.preferences"
    " algorithms.trainer algorithms.predicts_clicks",
    "longtail.algorithms.trainer": "kernels algorithms.trainer algorithms.lists",
    "longtail.algorithms.hybrid": "data kernels registry"
    " algorithms.base algorithms.powers algorithms.histories algorithms.lists",
    "longtail.algorithms.histories": "data",
    "longtail.algorithms.lists": "kernels",
    "longtail.algorithms.base": "data kernels artifacts registry algorithms.histories algorithms.lists",
    "longtail.evaluation": "data kernels",
    "longtail.evaluation.bakeoff": "data kernels algorithms.base algorithms.powers registry artifacts",
    "longtail.evaluation.behavior": "data kernels algorithms.base algorithms.powers registry",
    "longtail.evaluation.tuning": "data kernels algorithms.base algorithms.powers registry",
    "longtail.testing": "data algorithms.base algorithms.powers artifacts registry",
    "longtail.cli": "data algorithms evaluation artifacts registry",
}
"""The longest name on the left that fits decides. Packages side by side under `algorithms` keep to themselves."""

LIBRARIES: dict[str, set[str]] = {"longtail.kernels": {"numpy", "scipy", "numba", "threadpoolctl"}}
"""Third-party packages a part is held to; every other part may use whatever `pyproject.toml` depends on."""

BANNED_MODULES = {"pickle", "cPickle", "joblib", "cloudpickle", "dill", "shelve", "marshal"}
BANNED_CALLS = {"eval", "exec", "compile", "__import__"}


@dataclass(frozen=True)
class Module:
    """A module by its dotted name, with its text and syntax tree."""

    name: str
    text: str
    is_package: bool = False

    @property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)


def modules() -> list[Module]:
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        package = parts[-1] == "__init__"
        found.append(Module(".".join(parts[:-1] if package else parts), path.read_text(encoding="utf-8"), package))
    return found


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def imports(module: Module, known: set[str]) -> Iterator[str]:
    """Every module imported, wherever the statement stands; `from a import b` is `a.b` when that is a module."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module.name}: write absolute imports"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in known else str(node.module)


def ours(all_modules: list[Module]) -> dict[str, set[str]]:
    """For each module, the modules of Longtail it imports; the lazily typed top level counts as importing nothing."""
    known = {module.name for module in all_modules}
    graph = {
        module.name: {name for name in imports(module, known) if within(name, "longtail")} for module in all_modules
    }
    return graph | {"longtail": set()}


def allowed(importer: str, imported: str) -> bool:
    if imported in LEAVES:
        return True
    if within(imported, "longtail.cli"):
        return within(importer, "longtail.cli")
    rule = max((name for name in MAY_IMPORT if within(importer, name)), key=len)
    if any(within(imported, f"longtail.{name}") for name in MAY_IMPORT[rule].split()):
        return True
    own = family(importer) if within(importer, "longtail.algorithms") else ".".join(importer.split(".")[:2])
    return own not in ("longtail", "longtail.algorithms") and within(imported, own)


def family(name: str) -> str:
    """`longtail.algorithms.linear` of `longtail.algorithms.linear.slim`; single files there have no family."""
    parts = name.split(".")
    return ".".join(parts[:3]) if len(parts) > 3 else "longtail.algorithms"


def forbidden_imports(all_modules: list[Module]) -> list[str]:
    return [
        f"{importer} imports {imported}"
        for importer, targets in ours(all_modules).items()
        for imported in sorted(targets)
        if not allowed(importer, imported)
    ]


def cycles(all_modules: list[Module]) -> list[str]:
    """Modules that import one another, directly or round about (depth-first search for a way back)."""
    graph = ours(all_modules)
    found, done = [], set()

    def walk(name: str, path: list[str]) -> None:
        if name in path:
            found.append(" -> ".join([*path[path.index(name) :], name]))
        elif name not in done:
            for target in sorted(graph.get(name, ())):
                walk(target, [*path, name])
            done.add(name)

    for name in graph:
        walk(name, [])
    return found


def foreign_libraries(all_modules: list[Module], dependencies: set[str]) -> list[str]:
    """Imports of a package that is neither ours, nor of Python, nor one this part may use."""
    complaints = []
    for module in all_modules:
        part = next((name for name in LIBRARIES if within(module.name, name)), None)
        usable = LIBRARIES[part] if part else dependencies
        used = {imported.split(".")[0] for imported in imports(module, set())}
        strangers = used - usable - {"longtail"} - sys.stdlib_module_names
        complaints.extend(f"{module.name} imports {name}" for name in sorted(strangers))
    return complaints


def banned(module: Module) -> list[str]:
    complaints = [
        f"{module.name} imports {name}" for name in imports(module, set()) if name.split(".")[0] in BANNED_MODULES
    ]
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in BANNED_CALLS:
            complaints.append(f"{module.name}:{node.lineno} calls {node.func.id}")
        allows_pickle = isinstance(node, ast.keyword) and node.arg == "allow_pickle"
        if allows_pickle and not (isinstance(node.value, ast.Constant) and node.value.value is False):
            complaints.append(f"{module.name}:{node.value.lineno} allows pickle")
    return complaints


def undocumented(module: Module) -> list[str]:
    """Public modules, functions, classes and methods without a docstring; a test says in its name what it is for."""
    complaints = [] if ast.get_docstring(module.tree) else [f"{module.name} has no docstring"]

    def visit(node: ast.Module | ast.ClassDef, path: str) -> None:
        for child in node.body:
            named = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
            if not named or child.name.startswith(("_", "test_")):
                continue
            setter = any(isinstance(mark, ast.Attribute) for mark in child.decorator_list)
            if not ast.get_docstring(child) and not setter:
                complaints.append(f"{path}.{child.name} has no docstring")
            if isinstance(child, ast.ClassDef):
                visit(child, f"{path}.{child.name}")

    visit(module.tree, module.name)
    return complaints


def dataclasses_of(module: Module) -> list[str]:
    """Names of the public dataclasses a module defines."""
    return [
        node.name
        for node in module.tree.body
        if isinstance(node, ast.ClassDef)
        and not node.name.startswith("_")
        and not node.name.endswith("Network")  # of the algorithm beside it
        and any("dataclass" in ast.unparse(mark) for mark in node.decorator_list)
    ]


# -- the rules, on the source ------------------------------------------------------------------------------------------

ALL = modules()
EVERY = pytest.mark.parametrize("module", ALL, ids=lambda module: module.name)


def test_there_is_something_to_check() -> None:
    assert {"longtail", "longtail.algorithms.base", "longtail.data.interactions"} <= {module.name for module in ALL}


def test_imports_follow_the_table() -> None:
    assert forbidden_imports(ALL) == []


def test_metrics_need_nothing_else_of_the_evaluation() -> None:
    home = "longtail.evaluation.metrics"
    graph = ours(ALL)
    assert f"{home}.ranking" in graph
    strangers = {
        name: {other for other in graph[name] if within(other, "longtail.evaluation") and not within(other, home)}
        for name in graph
        if within(name, home)
    }
    assert {name: found for name, found in strangers.items() if found} == {}


def test_every_part_stands_in_the_table() -> None:
    parts = {".".join(module.name.split(".")[:2]) for module in ALL}
    assert parts - LEAVES - set(MAY_IMPORT) == set()


def test_no_import_cycles() -> None:
    assert cycles(ALL) == []


def test_libraries_are_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    declared = [*project["dependencies"], *extras["torch"], *extras["tensorflow"]]
    names = {re.split(r"[<>=\[ ]", text)[0] for text in declared}
    assert foreign_libraries(ALL, (names - {"scikit-learn"}) | {"sklearn"}) == []


def test_networks_are_written_in_keras_and_only_the_trainer_knows_the_backends() -> None:
    """Families reach Keras through `trainer.keras`, which loads it when it is used."""
    deep = {"keras", "keras_rs", "jax", "torch", "tensorflow"}
    found = {module.name for module in ALL for name in imports(module, set()) if name.split(".")[0] in deep}
    assert found == {"longtail.algorithms.trainer.on_keras"}


@EVERY
def test_nothing_banned(module: Module) -> None:
    assert banned(module) == []


@EVERY
def test_length(module: Module) -> None:
    assert len(module.text.splitlines()) <= LONGEST


@EVERY
def test_docstrings(module: Module) -> None:
    assert undocumented(module) == []


def test_an_algorithm_file_holds_one_algorithm() -> None:
    by_name = {module.name: module for module in ALL}
    homes = {cls.__module__ for cls in map(registry.get, registry.names()) if within(cls.__module__, "longtail")}
    assert homes
    siblings = {"longtail.algorithms.baseline"}  # small siblings, read together
    assert {
        name: dataclasses_of(by_name[name]) for name in homes - siblings if len(dataclasses_of(by_name[name])) != 1
    } == {}


def test_importing_longtail_is_light() -> None:
    """Nothing heavy is loaded by `import longtail`, nor by looking at its registry."""
    heavy = ["numpy", "scipy", "numba", "polars", "pandas", "sklearn", "plotly", "rich", "typer", "safetensors"]
    code = "import longtail, sys; dir(longtail); print([m for m in sys.argv[1:] if m in sys.modules])"
    command = [sys.executable, "-c", code, *heavy]
    run = subprocess.run(command, capture_output=True, text=True, env={"PYTHONPATH": str(SOURCE)}, check=True)
    assert run.stdout.strip() == "[]"


# -- the checker, on planted violations --------------------------------------------------------------------------------


def planted(name: str, text: str, *others: str) -> list[Module]:
    return [Module(name, text), *(Module(other, "") for other in others)]


@pytest.mark.parametrize(
    ("importer", "text", "imported"),
    [
        ("longtail.kernels.x", "from longtail.data import ids", "longtail.data.ids"),
        ("longtail.kernels.x", "import longtail.algorithms.base", "longtail.algorithms.base"),
        ("longtail.data.x", "from longtail.kernels.topk import top_k", "longtail.kernels.topk"),
        ("longtail.data.x", "def f():\n    from longtail import registry", "longtail.registry"),
        ("longtail.algorithms.linear.x", "from longtail.algorithms.graph.y import Y", "longtail.algorithms.graph.y"),
        ("longtail.algorithms.linear.x", "from longtail.algorithms import baseline", "longtail.algorithms.baseline"),
        ("longtail.algorithms.x", "from longtail.algorithms.linear import y", "longtail.algorithms.linear.y"),
        ("longtail.algorithms.x", "import longtail.evaluation.metrics.ranking", "longtail.evaluation.metrics.ranking"),
        ("longtail.algorithms.base", "from longtail.algorithms.x import X", "longtail.algorithms.x"),
        ("longtail.algorithms.linear.x", "from longtail import artifacts", "longtail.artifacts"),
        ("longtail.evaluation.metrics.ranking", "from longtail import registry", "longtail.registry"),
        ("longtail.evaluation.bakeoff", "from longtail.algorithms.linear import y", "longtail.algorithms.linear.y"),
        ("longtail.data.x", "from longtail.cli import main", "longtail.cli"),
        ("longtail.testing.x", "import longtail.cli", "longtail.cli"),
        ("longtail.errors", "from longtail.data import ids", "longtail.data.ids"),
        ("longtail.data.x", "if TYPE_CHECKING:\n    from longtail.evaluation import y", "longtail.evaluation.y"),
    ],
)
def test_a_planted_import_is_found(importer: str, text: str, imported: str) -> None:
    assert forbidden_imports(planted(importer, text, imported)) == [f"{importer} imports {imported}"]


@pytest.mark.parametrize(
    ("importer", "text"),
    [
        ("longtail.algorithms.linear.x", "from longtail.algorithms.linear.y import Y"),
        ("longtail.algorithms.linear.x", "from longtail.algorithms.base import Recommender"),
        ("longtail.algorithms.powers", "from longtail.algorithms.base import Recommender"),
        (
            "longtail.evaluation.bakeoff",
            "from longtail import registry\nfrom longtail.evaluation.metrics import ranking",
        ),
        ("longtail.kernels.x", "from longtail.errors import ConfigError"),
        ("longtail.cli", "from longtail.algorithms.linear.x import X"),
    ],
)
def test_a_rightful_import_is_not(importer: str, text: str) -> None:
    names = ("longtail.registry", "longtail.evaluation.metrics.ranking", "longtail.algorithms.linear.y")
    assert forbidden_imports(planted(importer, text, *names)) == []


def test_a_planted_cycle_is_found() -> None:
    a = Module("longtail.data.a", "def f():\n    from longtail.data import b")
    b = Module("longtail.data.b", "from longtail.data.c import x")
    c = Module("longtail.data.c", "from longtail.data.a import y")
    assert cycles([a, b, c]) == ["longtail.data.a -> longtail.data.b -> longtail.data.c -> longtail.data.a"]
    assert cycles([a, b]) == []


def test_a_relative_import_is_found() -> None:
    with pytest.raises(AssertionError, match="absolute"):
        forbidden_imports(planted("longtail.data.x", "from . import ids"))


@pytest.mark.parametrize(
    "text", ["import pickle", "from joblib import load", "exec('1')", "f = eval('1')", "np.load(f, allow_pickle=True)"]
)
def test_a_planted_ban_is_found(text: str) -> None:
    assert len(banned(Module("longtail.data.x", text))) == 1


def test_planted_libraries_are_found() -> None:
    polars = planted("longtail.kernels.x", "import polars as pl\nimport numpy.linalg")
    assert foreign_libraries(polars, {"polars", "numpy"}) == ["longtail.kernels.x imports polars"]
    assert foreign_libraries(planted("longtail.data.x", "import os, requests"), {"numpy"}) == [
        "longtail.data.x imports requests"
    ]


def test_a_missing_docstring_is_found() -> None:
    text = '"""Said."""\nclass A:\n    """Said."""\n    def f(self): ...\n    def _g(self): ...\ndef h(): ...\n'
    assert undocumented(Module("m", text)) == ["m.A.f has no docstring", "m.h has no docstring"]
    assert undocumented(Module("m", "x = 1")) == ["m has no docstring"]


def test_a_second_algorithm_in_a_file_is_found() -> None:
    text = "@dataclass(kw_only=True)\nclass A: ...\n@dataclasses.dataclass\nclass B: ...\nclass C: ...\n"
    assert dataclasses_of(Module("m", text)) == ["A", "B"]

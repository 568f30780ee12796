"""Algorithms by name. The table is explicit; other packages add theirs through the entry point `longtail.algorithms`.

```toml
[project.entry-points."longtail.algorithms"]
my-algorithm = "my_package.module:MyAlgorithm"
```
"""

from __future__ import annotations

import contextlib
import difflib
import importlib
from importlib.metadata import entry_points
from typing import Any

from longtail import params
from longtail.errors import ConfigError

__all__ = [
    "BUILT_IN",
    "DEEP",
    "DEEP_SESSIONS",
    "GROUP",
    "LINEUP",
    "SESSIONS",
    "family",
    "get",
    "make",
    "name_of",
    "names",
    "parse",
    "spec",
]

GROUP = "longtail.algorithms"

_BUILT_IN = {
    "random": "longtail.algorithms.baseline:Random",
    "popular": "longtail.algorithms.baseline:Popular",
    "bias": "longtail.algorithms.baseline:Bias",
    "user-knn": "longtail.algorithms.neighborhood.user_knn:UserKNN",
    "item-knn": "longtail.algorithms.neighborhood.item_knn:ItemKNN",
    "implicit-user-knn": "longtail.algorithms.neighborhood.implicit_user_knn:ImplicitUserKNN",
    "implicit-item-knn": "longtail.algorithms.neighborhood.implicit_item_knn:ImplicitItemKNN",
    "slope-one": "longtail.algorithms.neighborhood.slope_one:SlopeOne",
    "co-clustering": "longtail.algorithms.neighborhood.co_clustering:CoClustering",
    "content-knn": "longtail.algorithms.content.content_knn:ContentKNN",
    "content-profile": "longtail.algorithms.content.content_profile:ContentProfile",
    "pca": "longtail.algorithms.factorization.pca:PCA",
    "svd": "longtail.algorithms.factorization.svd:SVD",
    "svdpp": "longtail.algorithms.factorization.svdpp:SVDpp",
    "asvd": "longtail.algorithms.factorization.asymmetric_svd:AsymmetricSVD",
    "timesvdpp": "longtail.algorithms.factorization.timesvdpp:TimeSVDpp",
    "nmf": "longtail.algorithms.factorization.nmf:NMF",
    "pmf": "longtail.algorithms.factorization.pmf:PMF",
    "bpmf": "longtail.algorithms.factorization.bpmf:BPMF",
    "als": "longtail.algorithms.factorization.als:ALS",
    "implicit-als": "longtail.algorithms.factorization.implicit_als:ImplicitALS",
    "bpr": "longtail.algorithms.factorization.bpr:BPR",
    "warp": "longtail.algorithms.factorization.warp:WARP",
    "logistic-mf": "longtail.algorithms.factorization.logistic_mf:LogisticMF",
    "fm": "longtail.algorithms.factorization.fm:FM",
    "slim": "longtail.algorithms.linear.slim:SLIM",
    "ease": "longtail.algorithms.linear.ease:EASE",
    "sparse-ease": "longtail.algorithms.linear.sparse_ease:SparseEASE",
    "p3alpha": "longtail.algorithms.graph.p3alpha:P3alpha",
    "rp3beta": "longtail.algorithms.graph.rp3beta:RP3beta",
    "lightgcn": "longtail.algorithms.graph.lightgcn:LightGCN",
    "ar": "longtail.algorithms.sequence.ar:AssociationRules",
    "sr": "longtail.algorithms.sequence.sr:SequentialRules",
    "markov": "longtail.algorithms.sequence.markov:Markov",
    "sknn": "longtail.algorithms.sequence.sknn:SKNN",
    "vsknn": "longtail.algorithms.sequence.vsknn:VSKNN",
    "stan": "longtail.algorithms.sequence.stan:STAN",
    "autorec": "longtail.algorithms.deep.autorec:AutoRec",
    "cdae": "longtail.algorithms.deep.cdae:CDAE",
    "gru4rec": "longtail.algorithms.sequence.gru4rec:GRU4Rec",
    "sasrec": "longtail.algorithms.sequence.sasrec:SASRec",
    "bert4rec": "longtail.algorithms.sequence.bert4rec:BERT4Rec",
    "fpmc": "longtail.algorithms.sequence.fpmc:FPMC",
    "transrec": "longtail.algorithms.sequence.transrec:TransRec",
    "mult-dae": "longtail.algorithms.deep.mult_dae:MultDAE",
    "neumf": "longtail.algorithms.deep.neumf:NeuMF",
    "mult-vae": "longtail.algorithms.deep.mult_vae:MultVAE",
    "rbm": "longtail.algorithms.deep.rbm:RBM",
    "conditional-rbm": "longtail.algorithms.deep.conditional_rbm:ConditionalRBM",
    "click-lr": "longtail.algorithms.clicks.logistic:ClickLR",
    "click-fm": "longtail.algorithms.clicks.machine:ClickFM",
    "wide-deep": "longtail.algorithms.clicks.wide_deep:WideDeep",
    "deepfm": "longtail.algorithms.clicks.deepfm:DeepFM",
    "dcn": "longtail.algorithms.clicks.dcn:DCN",
    "two-tower": "longtail.algorithms.deep.two_tower:TwoTower",
    "watch-time": "longtail.algorithms.deep.watch_time:WatchTime",
    "blend": "longtail.algorithms.hybrid.blend:Blend",
    "feature-combination": "longtail.algorithms.hybrid.feature_combination:FeatureCombination",
    "switching": "longtail.algorithms.hybrid.switching:Switching",
    "cascade": "longtail.algorithms.hybrid.cascade:Cascade",
    "rank-fusion": "longtail.algorithms.hybrid.rank_fusion:RankFusion",
}

BUILT_IN = tuple(_BUILT_IN)

LINEUP = (
    "random",
    "popular",
    "bias",
    "user-knn",
    "item-knn",
    "implicit-item-knn",
    "svd",
    "svdpp",
    "implicit-als",
    "ease",
)
"""What a bake-off compares when nobody says otherwise."""

SESSIONS = ("popular", "implicit-item-knn", "ar", "markov", "sr", "sknn", "vsknn", "stan")
"""The same of sessions, what comes next in them."""

DEEP = ("rbm", "autorec", "cdae", "mult-dae", "mult-vae", "neumf", "two-tower", "lightgcn")
"""The networks that `longtail bakeoff --deep` adds: they need the extra `deep`, and take longer than the others."""

DEEP_SESSIONS = ("transrec", "fpmc", "gru4rec", "sasrec", "bert4rec")
"""The networks that it adds where sessions are compared."""


def names() -> list[str]:
    """Every registered name: ours, then those of installed plug-ins.

    Examples:
        >>> "svd" in names()
        True
    """
    return [*_BUILT_IN, *(name for name in sorted(_plugins()) if name not in _BUILT_IN)]


def get(name: str) -> type[Any]:
    """The class registered under `name`.

    Raises:
        ConfigError: if there is none; the message names the nearest.
    """
    target = _BUILT_IN.get(name) or _plugins().get(name)
    if target is None:
        near = difflib.get_close_matches(str(name).lower().replace("+", "p").replace("_", "-"), names(), n=1)
        hint = f"did you mean {near[0]}?" if near else f"choose from {', '.join(names())}"
        raise ConfigError(f"no algorithm {name!r}; {hint}")
    module, _, attribute = target.partition(":")
    try:
        found: type[Any] = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"algorithm {name!r} cannot be loaded from {target}: {error}") from error
    return found


def family(name: str) -> str:
    """The family `name` belongs to, after the package that holds it; "plug-in" for one of another package.

    Examples:
        >>> family("svd"), family("popular")
        ('factorization', 'baseline')
    """
    module = _BUILT_IN.get(name, "").partition(":")[0]
    return module.removeprefix("longtail.algorithms.").partition(".")[0] or "plug-in"


def make(name: str, **hyperparameters: Any) -> Any:
    """An unfitted recommender.

    Examples:
        >>> make("svd", factors=8).factors
        8

    Raises:
        ConfigError: for an unknown name, or an unknown or impossible hyperparameter.
    """
    cls = get(name)
    try:
        return cls(**hyperparameters)
    except TypeError:
        params.parse(cls, {key: "" for key in hyperparameters if key not in _fields(cls)})
        raise


def parse(spec: str) -> tuple[str, dict[str, Any]]:
    """A name with parameters as written on a command line, the values typed by the algorithm's fields.

    Examples:
        >>> parse("svd:factors=8,epochs=5")
        ('svd', {'factors': 8, 'epochs': 5})
        >>> parse("blend:members=[svd:factors=8]+bias,folds=2")
        ('blend', {'members': ('svd:factors=8', 'bias'), 'folds': 2})

    Raises:
        ConfigError: as `make`.
    """
    name, texts = params.parse_spec(spec)
    return name, params.parse(get(name), texts)


def spec(model: Any) -> str:
    """A recommender as `parse` reads it: its name, and the hyperparameters that are not the defaults.

    Examples:
        >>> spec(make("svd", factors=8, biased=False))
        'svd:factors=8,biased=false'

    Raises:
        ConfigError: if its class is not registered.
    """
    usual = {name: field.default for name, field in type(model).__dataclass_fields__.items()}
    unusual = {name: value for name, value in params.values(model).items() if value != usual[name]}
    pairs = ",".join(f"{name}={params.written(value)}" for name, value in unusual.items())
    return name_of(type(model)) + (f":{pairs}" if pairs else "")


def name_of(cls: type[Any]) -> str:
    """The name `cls` is registered under.

    Raises:
        ConfigError: if it is not registered.
    """
    target = f"{cls.__module__}:{cls.__qualname__}"
    plugins = _plugins()
    for name, registered in {**plugins, **_BUILT_IN}.items():
        if registered == target:
            return name
    for name in plugins:  # an entry point may name the class where its package re-exports it
        if name not in _BUILT_IN and _is(name, cls):
            return name
    raise ConfigError(f"{cls.__qualname__} is not registered; add an entry point in the group {GROUP}")


def _fields(cls: type[Any]) -> set[str]:
    return set(getattr(cls, "__dataclass_fields__", ()))


def _is(name: str, cls: type[Any]) -> bool:
    with contextlib.suppress(ConfigError):
        return get(name) is cls
    return False


def _plugins() -> dict[str, str]:
    return {point.name: point.value for point in entry_points(group=GROUP)}

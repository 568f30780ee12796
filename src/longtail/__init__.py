"""Longtail: recommender systems from a ratings file to a measured, served top-N list.

Names are imported when first used, so `import longtail` itself is instant.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    import longtail.data.datasets as datasets
    import longtail.data.splits as splits
    from longtail.algorithms.base import Recommender, load
    from longtail.algorithms.baseline import Bias, Popular, Random
    from longtail.algorithms.clicks.dcn import DCN
    from longtail.algorithms.clicks.deepfm import DeepFM
    from longtail.algorithms.clicks.logistic import ClickLR
    from longtail.algorithms.clicks.machine import ClickFM
    from longtail.algorithms.clicks.wide_deep import WideDeep
    from longtail.algorithms.content.content_knn import ContentKNN
    from longtail.algorithms.content.content_profile import ContentProfile
    from longtail.algorithms.deep.autorec import AutoRec
    from longtail.algorithms.deep.cdae import CDAE
    from longtail.algorithms.deep.conditional_rbm import ConditionalRBM
    from longtail.algorithms.deep.mult_dae import MultDAE
    from longtail.algorithms.deep.mult_vae import MultVAE
    from longtail.algorithms.deep.neumf import NeuMF
    from longtail.algorithms.deep.rbm import RBM
    from longtail.algorithms.deep.two_tower import TwoTower
    from longtail.algorithms.deep.watch_time import WatchTime
    from longtail.algorithms.factorization.als import ALS
    from longtail.algorithms.factorization.asymmetric_svd import AsymmetricSVD
    from longtail.algorithms.factorization.bpmf import BPMF
    from longtail.algorithms.factorization.bpr import BPR
    from longtail.algorithms.factorization.fm import FM
    from longtail.algorithms.factorization.implicit_als import ImplicitALS
    from longtail.algorithms.factorization.logistic_mf import LogisticMF
    from longtail.algorithms.factorization.nmf import NMF
    from longtail.algorithms.factorization.pca import PCA
    from longtail.algorithms.factorization.pmf import PMF
    from longtail.algorithms.factorization.svd import SVD
    from longtail.algorithms.factorization.svdpp import SVDpp
    from longtail.algorithms.factorization.timesvdpp import TimeSVDpp
    from longtail.algorithms.factorization.warp import WARP
    from longtail.algorithms.graph.lightgcn import LightGCN
    from longtail.algorithms.graph.p3alpha import P3alpha
    from longtail.algorithms.graph.rp3beta import RP3beta
    from longtail.algorithms.hybrid.blend import Blend
    from longtail.algorithms.hybrid.cascade import Cascade
    from longtail.algorithms.hybrid.feature_combination import FeatureCombination
    from longtail.algorithms.hybrid.rank_fusion import RankFusion
    from longtail.algorithms.hybrid.switching import Switching
    from longtail.algorithms.linear.ease import EASE
    from longtail.algorithms.linear.slim import SLIM
    from longtail.algorithms.linear.sparse_ease import SparseEASE
    from longtail.algorithms.neighborhood.co_clustering import CoClustering
    from longtail.algorithms.neighborhood.implicit_item_knn import ImplicitItemKNN
    from longtail.algorithms.neighborhood.implicit_user_knn import ImplicitUserKNN
    from longtail.algorithms.neighborhood.item_knn import ItemKNN
    from longtail.algorithms.neighborhood.slope_one import SlopeOne
    from longtail.algorithms.neighborhood.user_knn import UserKNN
    from longtail.algorithms.sequence.ar import AssociationRules
    from longtail.algorithms.sequence.bert4rec import BERT4Rec
    from longtail.algorithms.sequence.fpmc import FPMC
    from longtail.algorithms.sequence.gru4rec import GRU4Rec
    from longtail.algorithms.sequence.markov import Markov
    from longtail.algorithms.sequence.sasrec import SASRec
    from longtail.algorithms.sequence.sknn import SKNN
    from longtail.algorithms.sequence.sr import SequentialRules
    from longtail.algorithms.sequence.stan import STAN
    from longtail.algorithms.sequence.transrec import TransRec
    from longtail.algorithms.sequence.vsknn import VSKNN
    from longtail.data.catalog import Catalog
    from longtail.data.ids import Ids
    from longtail.data.impressions import Impressions
    from longtail.data.interactions import Interactions
    from longtail.data.results import ClickPredictions, RatingPredictions, TopN
    from longtail.evaluation import metrics
    from longtail.evaluation.bakeoff import Bakeoff
    from longtail.evaluation.leakage import audit
    from longtail.evaluation.tuning import Tuner
    from longtail.registry import make

_NAMES = {
    "ALS": "longtail.algorithms.factorization.als:ALS",
    "AssociationRules": "longtail.algorithms.sequence.ar:AssociationRules",
    "AsymmetricSVD": "longtail.algorithms.factorization.asymmetric_svd:AsymmetricSVD",
    "audit": "longtail.evaluation.leakage:audit",
    "AutoRec": "longtail.algorithms.deep.autorec:AutoRec",
    "Bakeoff": "longtail.evaluation.bakeoff:Bakeoff",
    "BERT4Rec": "longtail.algorithms.sequence.bert4rec:BERT4Rec",
    "Bias": "longtail.algorithms.baseline:Bias",
    "Blend": "longtail.algorithms.hybrid.blend:Blend",
    "BPMF": "longtail.algorithms.factorization.bpmf:BPMF",
    "BPR": "longtail.algorithms.factorization.bpr:BPR",
    "Cascade": "longtail.algorithms.hybrid.cascade:Cascade",
    "Catalog": "longtail.data.catalog:Catalog",
    "CDAE": "longtail.algorithms.deep.cdae:CDAE",
    "ClickFM": "longtail.algorithms.clicks.machine:ClickFM",
    "ClickLR": "longtail.algorithms.clicks.logistic:ClickLR",
    "ClickPredictions": "longtail.data.results:ClickPredictions",
    "CoClustering": "longtail.algorithms.neighborhood.co_clustering:CoClustering",
    "ConditionalRBM": "longtail.algorithms.deep.conditional_rbm:ConditionalRBM",
    "ContentKNN": "longtail.algorithms.content.content_knn:ContentKNN",
    "ContentProfile": "longtail.algorithms.content.content_profile:ContentProfile",
    "datasets": "longtail.data.datasets",
    "DCN": "longtail.algorithms.clicks.dcn:DCN",
    "DeepFM": "longtail.algorithms.clicks.deepfm:DeepFM",
    "EASE": "longtail.algorithms.linear.ease:EASE",
    "errors": "longtail.errors",
    "FeatureCombination": "longtail.algorithms.hybrid.feature_combination:FeatureCombination",
    "FM": "longtail.algorithms.factorization.fm:FM",
    "FPMC": "longtail.algorithms.sequence.fpmc:FPMC",
    "Ids": "longtail.data.ids:Ids",
    "GRU4Rec": "longtail.algorithms.sequence.gru4rec:GRU4Rec",
    "ImplicitALS": "longtail.algorithms.factorization.implicit_als:ImplicitALS",
    "ImplicitItemKNN": "longtail.algorithms.neighborhood.implicit_item_knn:ImplicitItemKNN",
    "ImplicitUserKNN": "longtail.algorithms.neighborhood.implicit_user_knn:ImplicitUserKNN",
    "Impressions": "longtail.data.impressions:Impressions",
    "Interactions": "longtail.data.interactions:Interactions",
    "ItemKNN": "longtail.algorithms.neighborhood.item_knn:ItemKNN",
    "LightGCN": "longtail.algorithms.graph.lightgcn:LightGCN",
    "load": "longtail.algorithms.base:load",
    "LogisticMF": "longtail.algorithms.factorization.logistic_mf:LogisticMF",
    "make": "longtail.registry:make",
    "Markov": "longtail.algorithms.sequence.markov:Markov",
    "metrics": "longtail.evaluation.metrics",
    "MultDAE": "longtail.algorithms.deep.mult_dae:MultDAE",
    "NeuMF": "longtail.algorithms.deep.neumf:NeuMF",
    "MultVAE": "longtail.algorithms.deep.mult_vae:MultVAE",
    "NMF": "longtail.algorithms.factorization.nmf:NMF",
    "P3alpha": "longtail.algorithms.graph.p3alpha:P3alpha",
    "PCA": "longtail.algorithms.factorization.pca:PCA",
    "PMF": "longtail.algorithms.factorization.pmf:PMF",
    "Popular": "longtail.algorithms.baseline:Popular",
    "Random": "longtail.algorithms.baseline:Random",
    "RankFusion": "longtail.algorithms.hybrid.rank_fusion:RankFusion",
    "RatingPredictions": "longtail.data.results:RatingPredictions",
    "Recommender": "longtail.algorithms.base:Recommender",
    "RBM": "longtail.algorithms.deep.rbm:RBM",
    "RP3beta": "longtail.algorithms.graph.rp3beta:RP3beta",
    "SASRec": "longtail.algorithms.sequence.sasrec:SASRec",
    "SequentialRules": "longtail.algorithms.sequence.sr:SequentialRules",
    "SKNN": "longtail.algorithms.sequence.sknn:SKNN",
    "SLIM": "longtail.algorithms.linear.slim:SLIM",
    "SlopeOne": "longtail.algorithms.neighborhood.slope_one:SlopeOne",
    "SparseEASE": "longtail.algorithms.linear.sparse_ease:SparseEASE",
    "splits": "longtail.data.splits",
    "STAN": "longtail.algorithms.sequence.stan:STAN",
    "SVD": "longtail.algorithms.factorization.svd:SVD",
    "SVDpp": "longtail.algorithms.factorization.svdpp:SVDpp",
    "Switching": "longtail.algorithms.hybrid.switching:Switching",
    "TimeSVDpp": "longtail.algorithms.factorization.timesvdpp:TimeSVDpp",
    "TopN": "longtail.data.results:TopN",
    "TransRec": "longtail.algorithms.sequence.transrec:TransRec",
    "Tuner": "longtail.evaluation.tuning:Tuner",
    "TwoTower": "longtail.algorithms.deep.two_tower:TwoTower",
    "UserKNN": "longtail.algorithms.neighborhood.user_knn:UserKNN",
    "VSKNN": "longtail.algorithms.sequence.vsknn:VSKNN",
    "WARP": "longtail.algorithms.factorization.warp:WARP",
    "WatchTime": "longtail.algorithms.deep.watch_time:WatchTime",
    "WideDeep": "longtail.algorithms.clicks.wide_deep:WideDeep",
}

__all__ = [
    "ALS",
    "AssociationRules",
    "AsymmetricSVD",
    "audit",
    "AutoRec",
    "Bakeoff",
    "BERT4Rec",
    "Bias",
    "Blend",
    "BPMF",
    "BPR",
    "Cascade",
    "Catalog",
    "CDAE",
    "ClickFM",
    "ClickLR",
    "ClickPredictions",
    "CoClustering",
    "ConditionalRBM",
    "ContentKNN",
    "ContentProfile",
    "datasets",
    "DCN",
    "DeepFM",
    "EASE",
    "errors",
    "FeatureCombination",
    "FM",
    "FPMC",
    "Ids",
    "GRU4Rec",
    "ImplicitALS",
    "ImplicitItemKNN",
    "ImplicitUserKNN",
    "Impressions",
    "Interactions",
    "ItemKNN",
    "LightGCN",
    "load",
    "LogisticMF",
    "make",
    "Markov",
    "metrics",
    "MultDAE",
    "MultVAE",
    "NMF",
    "P3alpha",
    "PCA",
    "PMF",
    "Popular",
    "Random",
    "RankFusion",
    "RatingPredictions",
    "Recommender",
    "RBM",
    "RP3beta",
    "SASRec",
    "SequentialRules",
    "SKNN",
    "SLIM",
    "SlopeOne",
    "SparseEASE",
    "splits",
    "STAN",
    "SVD",
    "SVDpp",
    "Switching",
    "TimeSVDpp",
    "TopN",
    "NeuMF",
    "TwoTower",
    "TransRec",
    "Tuner",
    "UserKNN",
    "VSKNN",
    "WatchTime",
    "WARP",
    "WideDeep",
]


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module 'longtail' has no attribute {name!r}")
    module, _, attribute = _NAMES[name].partition(":")
    found = importlib.import_module(module)
    value = getattr(found, attribute) if attribute else found
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])

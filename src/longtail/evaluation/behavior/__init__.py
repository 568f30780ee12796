"""How recommenders behave over time: what one rating changes, what chance changes, and what following them does."""

from longtail.evaluation.behavior.bubble import Simulation, filter_bubble
from longtail.evaluation.behavior.bubble_result import FilterBubble
from longtail.evaluation.behavior.churn import Change, Churn, churn
from longtail.evaluation.behavior.responsiveness import Response, Responsiveness, responsiveness
from longtail.evaluation.behavior.study import Behavior, behave

__all__ = [
    "Behavior",
    "Change",
    "Churn",
    "FilterBubble",
    "Response",
    "Responsiveness",
    "Simulation",
    "behave",
    "churn",
    "filter_bubble",
    "responsiveness",
]

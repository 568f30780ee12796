"""What a data set holds, in the figures people ask for first, and what they mean for what comes next."""

from longtail.data.summary.advice import RULES, Rule, advice
from longtail.data.summary.overview import summarize
from longtail.data.summary.tail import gini, head_share

__all__ = ["RULES", "Rule", "advice", "gini", "head_share", "summarize"]

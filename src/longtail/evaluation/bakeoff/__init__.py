"""The bake-off: every algorithm on the same splits, measured the same way, one after another.

`Bakeoff` runs it, an `Entry` takes part, and a `BakeoffResult` is shown, written and read back.
"""

from longtail.evaluation.bakeoff.contest import Bakeoff
from longtail.evaluation.bakeoff.entries import Entry
from longtail.evaluation.bakeoff.result import BakeoffResult

__all__ = ["Bakeoff", "BakeoffResult", "Entry"]

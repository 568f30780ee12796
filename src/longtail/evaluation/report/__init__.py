"""Reports as one HTML file that holds everything it shows and works from disk, without a network.

`render` makes the report of a bake-off. Its parts stand beside it, one module each; `page` puts any report together.
"""

from longtail.evaluation.report.bakeoff import render

__all__ = ["render"]

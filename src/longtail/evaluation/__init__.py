"""Measuring: metrics, protocols, the bake-off and its report."""

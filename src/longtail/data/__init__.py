"""Containers, readers, data sets and splits: external ids end here."""

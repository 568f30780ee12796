"""Recommenders, one file each; a folder is a family of the mathematics."""

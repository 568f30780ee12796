"""Recommenders made of recommenders: their members are handed in, as specs or as recommenders."""

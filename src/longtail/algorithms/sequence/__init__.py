"""Sequences and sessions: what comes next, from what came before and in which order."""

"""Users and items as the two sides of a graph."""

"""Items by items: linear models that predict each item from the others."""

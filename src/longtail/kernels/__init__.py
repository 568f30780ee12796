"""Small compiled functions: arrays in, arrays out."""

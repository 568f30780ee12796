"""Click-through models: how likely a click is, from the fields of an impression."""

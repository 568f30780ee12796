"""Networks over what a person has met."""

"""Users and items as vectors."""

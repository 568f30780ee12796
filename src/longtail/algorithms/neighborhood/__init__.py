"""What similar people liked, and what is like what you liked."""

"""What certifies the metrics: random worlds, other people's implementations, our own loops, and the table of both."""

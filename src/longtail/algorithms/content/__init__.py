"""What an item is, not who met it: genres, years, words, numbers, embeddings."""

"""Show runs in the terminal: tables, sentences, the live table and the time left."""

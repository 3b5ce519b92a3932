"""The store of finished runs, the tables made from it, and where they come from."""

"""What is run, and that none of it is lost: schema, runner, store, tables."""

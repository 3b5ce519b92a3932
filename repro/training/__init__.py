"""Train many seeds at once, of any Keras model; nothing here knows of studies."""

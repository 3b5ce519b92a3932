"""The threads' networks, what varies named, as ordinary Keras models with true gradients."""

"""What trains a thread's network for many seeds: the compiled loop, Keras, the posted code."""

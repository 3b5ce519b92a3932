"""What is diagnosed: the model that build() makes, its data, and how long it is trained."""

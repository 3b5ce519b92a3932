"""Changes of data, network and settings that may help, and how they are made."""

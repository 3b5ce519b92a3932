"""Say what is to be run: study files, experiments, identities, plans."""

"""Hold what all commands share: their group, options, exit codes and checks of files."""

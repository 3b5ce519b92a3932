"""What the tables mean: statistics, verdicts, figures and reports; reads tables, never trains."""

"""The report: one page that holds all studies, made from their files and tables alone."""

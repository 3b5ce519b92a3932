"""LaTeX for an article: numbers as macros, tables, figures in the width of its columns."""

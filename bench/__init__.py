"""Speed against what a user would do instead: ratios within one run."""

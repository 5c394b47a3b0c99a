"""One module per verb; each imports its journey when it runs."""

"""Results: populations of networks with their errors, from the rows of a table."""

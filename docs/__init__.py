"""The pages, and what writes the tables in them that repeat the code."""

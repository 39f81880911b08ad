"""`llmrpc batch`: many requests from a file of JSON lines, their results into another."""

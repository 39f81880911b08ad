"""Clients that wrap clients: retry, keys, the router."""

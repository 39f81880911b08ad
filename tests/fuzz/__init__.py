"""Odd answers by the thousand: golden answers with one thing changed, read in every dialect."""

"""The providers as data, one row each, as documented by the providers in November 2026.

The `quirks.py` of a dialect explains the keys of `quirks` and the entries of `lacks`.
"""

"""The providers as data, one row each, as their documentation had it in November 2026.

What the keys of `quirks` and the entries of `lacks` mean stands with the dialect, in
its `quirks.py`.
"""

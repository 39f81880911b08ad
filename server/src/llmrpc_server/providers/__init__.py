"""Adapters to the providers: rows of data, pure codecs, one place for IO."""

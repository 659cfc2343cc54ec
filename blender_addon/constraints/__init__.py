"""Constraints on a new dance: the keep list, its rows as a request, and exact keys. Imported by ops and ui."""

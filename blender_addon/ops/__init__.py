"""Operators. Each reads the context, calls one function and reports. Imported by ui and registration."""

"""Operators. Each gathers from the context, calls one function and reports. Imported by ui and registration."""

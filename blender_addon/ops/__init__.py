"""Operators. Each gathers from the context, calls one function and reports."""

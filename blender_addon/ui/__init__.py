"""Panels, lists and menus. They draw what other rooms provide, and do nothing else. Imported by registration."""

"""What build_addon.py does, by kind of work. Python 3.9 and the standard library: it runs before all else is there."""

"""The parts of build_addon.py. Python 3.9 and the standard library, because it runs before anything is installed."""

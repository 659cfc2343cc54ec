"""From a motion to keys: bone channels, actions."""

"""Groups: several characters that dance to one song, and where each of them begins."""

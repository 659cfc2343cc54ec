"""Groups: several characters that dance to one song, and their starting positions. Imported by ops."""

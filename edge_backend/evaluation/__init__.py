"""How good dances are, in figures: metrics of feet, beats, movement and body, intervals for them, and a report."""

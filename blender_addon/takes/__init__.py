"""Takes: dances as actions of a character; listed, compared, mirrored, blended, and previewed while they are generated.
Imported by constraints, formation and above."""

"""Takes: dances as actions of a character, listed, compared, mirrored, blended, and shown while they are made."""

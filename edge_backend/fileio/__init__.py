"""Files: written whole or not at all, read without trust, downloaded, and texts without the paths of a machine.

numpy and the standard library only. May be imported from everywhere above errors and schema."""

"""Files: atomic writes, safe readers of untrusted files, downloads, locks, checksums, and texts without local paths.

numpy and the standard library only. May be imported from everywhere above errors and schema."""

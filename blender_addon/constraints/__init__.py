"""What is kept of a dance: rows, what they say to the backend, and keys that come back exactly."""

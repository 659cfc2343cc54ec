"""The command line: options, what each command does, and what it prints.

The highest floor: nothing imports it but edge_backend.__main__."""

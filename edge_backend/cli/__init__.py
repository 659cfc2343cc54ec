"""The command line: parser, commands and their output.

The highest floor: nothing imports it but edge_backend.__main__."""

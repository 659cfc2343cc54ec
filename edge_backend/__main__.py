"""`python -m edge_backend`."""

import sys

from .cli.parser import main

if __name__ == "__main__":
    sys.exit(main())

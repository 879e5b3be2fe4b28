"""``python -m proofs [NAME ...]``: check all rows or those that are named, and write the record."""

import argparse
import sys

from proofs.check import main

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m proofs", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="claims (default: all)")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    sys.exit(main(options.names, options.workers))

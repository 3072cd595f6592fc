"""`python -m halfclose` is the same as `halfclose`."""

from halfclose.checks.cli.app import main

if __name__ == "__main__":
    main()

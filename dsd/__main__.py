"""`python -m dsd` is `dsd`."""

from dsd.cli import main

if __name__ == "__main__":
    main()

"""`python -m hugmood` and the `hugmood` command."""

from hugmood.cli import main

if __name__ == "__main__":
    main()

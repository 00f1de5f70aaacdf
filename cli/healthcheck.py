"""`python -m cli.healthcheck URL`: exit status 0 when the address answers without an error (standard library only)."""

import sys
import urllib.request


def main(arguments: list[str]) -> int:
    """One request with a short time limit."""
    try:
        with urllib.request.urlopen(arguments[0], timeout=4) as answer:
            return 0 if answer.status < 400 else 1
    except OSError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

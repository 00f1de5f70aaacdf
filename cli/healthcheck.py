"""`python -m cli.healthcheck URL`: exit status 0 when the address answers without an error (standard library only)."""

import sys
import urllib.error
import urllib.request


def main(arguments: list[str]) -> int:
    """One request with a short time limit; what an unready server says about itself goes to the container's health log."""
    try:
        with urllib.request.urlopen(arguments[0], timeout=4) as answer:
            return 0 if answer.status < 400 else 1
    except urllib.error.HTTPError as error:
        print(error, error.read(4000).decode(errors="replace"), file=sys.stderr)
    except OSError as error:
        print(error, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""``python -m evidence.verify FILE``: exit 0 verified, 1 failed with the reason, 2 unusable."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from evidence.archive import Folder, Source, Zip, read
from evidence.trust import TrustedRoot
from evidence.verify import case, report
from evidence.verify.result import Result, Unusable

INSTALLED = Path(os.environ.get("ASSAY_VAR") or Path(__file__).resolve().parents[2] / "var") / "keys" / "trusted_root.json"
NO_ENTRY = ". The report's log entry was delivered with it: put it beside the PDF or name it with --bundle."
OWN_KEYS = "checked only against the keys inside the file itself: compare the fingerprints below with the publisher's, obtained another way."


def verify(path: Path, trusted_root: Path | None = None, sidecar: Path | None = None) -> Result:
    """Verify a case folder, a case zip or a report PDF; ``Unusable`` when there is nothing to verify or no key to verify against."""
    result = Result(str(path))
    with result.check(path.name):
        if path.suffix == ".pdf":
            data, log_entry = _bytes(path), _bytes(sidecar or path.with_name(path.name + ".sigstore.json"), NO_ENTRY)
            trust = _trust(trusted_root, result, lambda: report.attachments(data)[report.TRUSTED_ROOT])
            report.verify_report(path.name, data, log_entry, trust, result)
        else:
            source = _source(path)
            trust = _trust(trusted_root, result, lambda: read(source, case.TRUSTED_ROOT))
            case.verify_case(source, trust, result)
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line, print the outcome, return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m evidence.verify", description="Verify a case (folder or .zip) or a report (.pdf), offline.")
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--trusted-root", type=Path, help="trusted_root.json obtained from the publisher another way")
    parser.add_argument("--bundle", type=Path, help="log entry of a report; default: FILE.sigstore.json")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    try:
        result = verify(options.file, options.trusted_root, options.bundle)
    except Unusable as error:
        print(json.dumps({"target": str(options.file), "verdict": "unusable", "reason": str(error)}) if options.json else f"unusable: {error}")
        return 2
    print(json.dumps(result.as_dict(), indent=2, ensure_ascii=False) if options.json else result.as_text())
    return 0 if result.verdict == "verified" else 1


def _source(path: Path) -> Source:
    if path.suffix == ".zip" and path.is_file():
        return Zip(path)
    if not (path / case.MANIFEST).is_file() and not (path / case.SEAL).is_file():
        raise Unusable(f"{path} is neither a case folder, a case .zip nor a report .pdf")
    return Folder(path)


def _trust(given: Path | None, result: Result, own: Callable[[], bytes]) -> TrustedRoot:
    """The keys to check against: those given, else this installation's, else the file's own with a warning."""
    place = given or (INSTALLED if INSTALLED.is_file() else None)
    if place is None:
        result.notes.append(OWN_KEYS)
    trust = TrustedRoot.parse(_bytes(place) if place else own())
    result.keys += trust.fingerprints()
    return trust


def _bytes(path: Path, hint: str = "") -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Unusable(f"{path} cannot be read: {error.strerror}{hint}") from error


if __name__ == "__main__":
    sys.exit(main())

"""The public keys of the tests' installation."""

from pathlib import Path

import pytest

from evidence.trust import TrustedRoot


@pytest.fixture
def trust(key_folder: Path) -> TrustedRoot:
    return TrustedRoot.parse((key_folder / "trusted_root.json").read_bytes())

"""The errors every service may raise; faces map each of them once."""


class AssayError(Exception):
    """Base of all expected errors; the message names the thing at fault and the way out."""


class NotAllowed(AssayError):
    """The actor's roles do not include the verb."""


class NotFound(AssayError):
    """There is no such object, or the actor may not know of it."""


class InvalidState(AssayError):
    """The object is not in a state that allows the change."""


class Conflict(AssayError):
    """Another change came first, or a sealed digest no longer matches."""


class InvalidInput(AssayError):
    """A field is wrong: carries the field's name and the fix."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field, self.message = field, message


class StorageFailed(AssayError):
    """Bytes could not be written or read back whole; nothing half-written remains."""


class IntegrityFailed(AssayError):
    """Stored bytes, a signature or a proof do not match what was recorded."""

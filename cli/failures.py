"""What can go wrong before or while the services run; each message names the cause and the way out."""

from core.errors import AssayError


class SetupFailed(AssayError):
    """Something the command needs is missing on this machine."""


class ServicesFailed(AssayError):
    """A service could not be started, or died too often, or the process that ran the workers is gone."""


class DemoFailed(AssayError):
    """The demonstration could not reach its end; the message carries the reason of the step that failed."""

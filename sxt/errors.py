"""The one error hierarchy: every fault a user can cause or mend is an ``SxtError``.

A message says what is wrong, the value, and the remedy, in one sentence that a page or a terminal shows as it is.
"""


class SxtError(Exception):
    """Base of all errors whose message is meant for the user."""


class InputError(SxtError):
    """A file or volume that cannot be used as it is."""


class SettingsError(SxtError):
    """A setting outside its range, or settings that contradict each other."""


class ModelError(SxtError):
    """A model version that is missing, damaged or does not match its configuration."""


class ResourceError(SxtError):
    """Memory, disk or device is insufficient for what was asked."""


class Cancelled(SxtError):
    """The user stopped the work; nothing was written under a final name."""

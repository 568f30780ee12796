"""Every error Longtail raises on purpose, as one tree.

```
LongtailError                 anything below; catch this at a border
├── ConfigError               a parameter, name or option that cannot work
├── DataError                 data that cannot be read or does not fit together
│   └── UnknownIdError        a user or item id the data or model has never seen
├── NotFittedError            a model was asked before it was fitted
├── ArtifactError             a saved model that is missing, truncated or foreign
├── DownloadError             a data set that could not be fetched
├── LeakageError              test data that leak into what is learned, and nobody accepted it
├── MissingExtraError         an optional dependency is not installed
└── MemoryBudgetError         an operation would need more memory than allowed
```

A message names the value, what is allowed and the fix, in one line. The command line prints it and exits 2.
"""

from __future__ import annotations

__all__ = [
    "ArtifactError",
    "ConfigError",
    "DataError",
    "DownloadError",
    "LeakageError",
    "LongtailError",
    "MemoryBudgetError",
    "MissingExtraError",
    "NotFittedError",
    "UnknownIdError",
]


class LongtailError(Exception):
    """Base of every error raised on purpose."""


class ConfigError(LongtailError, ValueError):
    """A parameter, name or option that cannot work."""


class DataError(LongtailError, ValueError):
    """Data that cannot be read or does not fit together."""


class UnknownIdError(DataError, KeyError):
    """A user or item id the data or model has never seen."""

    def __str__(self) -> str:  # KeyError would print the repr of the message
        return str(self.args[0]) if self.args else ""


class NotFittedError(LongtailError, RuntimeError):
    """A model was asked for something before it was fitted."""


class ArtifactError(LongtailError, OSError):
    """A saved model that is missing, truncated, or not one of ours."""


class DownloadError(LongtailError, OSError):
    """A data set that could not be fetched or did not match its checksum."""


class LeakageError(LongtailError, ValueError):
    """Test data that leak into what is learned, where nobody accepted that."""


class MissingExtraError(LongtailError, ImportError):
    """An optional dependency is not installed."""


class MemoryBudgetError(LongtailError, MemoryError):
    """An operation would need more memory than the budget allows."""

"""A missing extra says what to install; a broken one is not taken for missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from longtail.errors import MissingExtraError
from longtail.extras import require


def test_what_is_installed_is_imported() -> None:
    assert require("json.decoder", extra="serve").__name__ == "json.decoder"


def test_what_is_missing_names_the_extra() -> None:
    with pytest.raises(MissingExtraError) as caught:
        require("no_such_package.inner", extra="deep")
    assert str(caught.value) == "no_such_package.inner is not installed; run: pip install 'longtail[deep]'"
    assert isinstance(caught.value, ImportError)


def test_what_is_broken_shows_its_own_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_extra.py").write_text("raise RuntimeError('its own trouble')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(RuntimeError, match="its own trouble"):
        require("broken_extra", extra="deep")

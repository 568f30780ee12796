"""The memory budget: read from the environment, refused with the size."""

from __future__ import annotations

import pytest

from longtail.errors import ConfigError, MemoryBudgetError
from longtail.memory import budget, require_memory, state_memory


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("8 GiB", 8 * 2**30),
        ("1.5gib", 1610612736),
        ("500 MB", 500 * 10**6),
        ("2048", 2048),
        (" 3 KiB ", 3072),
        ("1e3 kb", 10**6),
    ],
)
def test_budget(text: str, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGTAIL_MEMORY_BUDGET", text)
    assert budget() == size


def test_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LONGTAIL_MEMORY_BUDGET", raising=False)
    assert budget() == 4 * 2**30


@pytest.mark.parametrize("text", ["", "much", "8 GiBs", "-1 GiB", "0", "nan", "inf GiB", "1e999", "8 8 GiB"])
def test_a_budget_that_cannot_be_read(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGTAIL_MEMORY_BUDGET", text)
    with pytest.raises(ConfigError, match="write a size such as '8 GiB'"):
        budget()


def test_what_passes_the_budget_is_refused_with_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGTAIL_MEMORY_BUDGET", "1 GiB")
    require_memory(2**30, "a similarity of all items")
    with pytest.raises(MemoryBudgetError) as caught:
        require_memory(3 * 2**30 // 2, "a similarity of all items")
    assert str(caught.value) == (
        "a similarity of all items needs 1.5 GiB, the budget is 1.0 GiB; "
        "raise it with LONGTAIL_MEMORY_BUDGET or choose a sparser method"
    )


def test_a_small_size_is_said_in_a_small_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGTAIL_MEMORY_BUDGET", "1 MiB")
    with pytest.raises(MemoryBudgetError, match=r"a table needs 3.0 MiB, the budget is 1.0 MiB"):
        require_memory(3 * 2**20, "a table")


def test_what_fits_is_said(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("LONGTAIL_MEMORY_BUDGET", "2 GiB")
    with caplog.at_level("INFO", logger="longtail.memory"):
        state_memory(2**29, "a table")
        with pytest.raises(MemoryBudgetError, match=r"a table needs 3.0 GiB, the budget is 2.0 GiB"):
            state_memory(3 * 2**30, "a table")
    assert caplog.messages == ["a table takes 0.50 GiB of the 2.00 GiB allowed"]

"""The suite itself: which checks apply to an algorithm, which it is exempt from, and how test runners find them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from unittest import SkipTest

from longtail import registry
from longtail.errors import ConfigError, LongtailError
from longtail.testing.border import BorderChecks
from longtail.testing.learning import LearningChecks
from longtail.testing.lists import ListChecks
from longtail.testing.online import OnlineChecks
from longtail.testing.powers import PowerChecks
from longtail.testing.saving import SavingChecks

__all__ = ["Case", "Contract", "cases"]


class Contract(LearningChecks, ListChecks, PowerChecks, OnlineChecks, BorderChecks, SavingChecks):
    """Every check there is; subclass it in a test file, naming the algorithm, and each is a test of its own.

    Class attributes:
        algorithm: the name the algorithm is registered under.
        hyperparameters: those to test it with, where the defaults are too slow or too large for a toy world.
        exempt: checks it cannot pass, each with the reason. Such a check is run all the same, and skipped with the
            reason when it fails; when it passes, the exemption is out of date and the test fails.
        floor: the share of right answers asked for on the toy worlds.

    Examples:
        >>> class TestPopular(Contract):
        ...     algorithm = "popular"
        >>> "test_same_seed_same_model" in TestPopular.checks()
        True

    Raises:
        ConfigError: when the class is made, if its algorithm is not registered, or if it would check nothing.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if not getattr(cls, "algorithm", ""):
            raise ConfigError(f"{cls.__name__} would check nothing: set algorithm to a registered name")
        cls.recommender = registry.get(cls.algorithm)
        written = _written(cls)
        for name, check in written.items():
            applies = getattr(check, "applies", None)
            if applies is not None and not applies(cls.recommender):
                setattr(cls, name, None)
        for name, reason in cls.exempt.items():
            if getattr(cls, name, None) is None or not reason:
                raise ConfigError(f"{cls.__name__}: {name!r} is not a check of {cls.algorithm}, or gives no reason")
            setattr(cls, name, _exempted(written[name], reason))
        if not set(cls.checks()) - set(cls.exempt):
            raise ConfigError(f"{cls.__name__} would check nothing: every check is exempted")

    @classmethod
    def checks(cls) -> list[str]:
        """Names of the checks that apply to the algorithm, exempted ones included."""
        return list(_written(cls))


@dataclass(frozen=True)
class Case:
    """One check of one algorithm; calling it runs it.

    Examples:
        >>> case = cases(["popular"])[0]
        >>> str(case)
        'popular-is_a_recommender'
        >>> case()
    """

    algorithm: str
    check: str
    run: Callable[[], object]

    def __call__(self) -> None:
        self.run()

    def __str__(self) -> str:
        return f"{self.algorithm}-{self.check.removeprefix('test_')}"


def cases(
    names: Sequence[str] | None = None,
    *,
    exempt: Mapping[str, Mapping[str, str]] | None = None,
    hyperparameters: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[Case]:
    """Every check of every algorithm, to parametrise a test with.

    Args:
        names: registered names; all of them when not given.
        exempt: by algorithm, checks it cannot pass, each with the reason.
        hyperparameters: by algorithm, those to test it with.

    An algorithm that cannot be loaded becomes a single case that fails with the reason.

    Raises:
        ConfigError: if there is nothing to check, or an exemption or a hyperparameter is for an algorithm not checked.
    """
    chosen = registry.names() if names is None else list(names)
    strangers = {*(exempt or {}), *(hyperparameters or {})} - set(chosen)
    if not chosen or strangers:
        raise ConfigError(f"the contract suite has no algorithm {' or '.join(sorted(strangers)) or 'to check'}")
    found: list[Case] = []
    for name in chosen:
        try:
            registry.get(name)
        except ConfigError as error:
            found.append(Case(name, "can_be_loaded", functools.partial(_fail, str(error))))
            continue
        contract = _contract_of(name, (exempt or {}).get(name, {}), (hyperparameters or {}).get(name, {}))
        found.extend(Case(name, check, getattr(contract(), check)) for check in contract.checks())
    return found


def _contract_of(name: str, reasons: Mapping[str, str], settings: Mapping[str, Any]) -> type[Contract]:
    class Named(Contract):
        algorithm = name
        exempt = reasons
        hyperparameters = settings

    return Named


def _written(cls: type[Any]) -> dict[str, Callable[[Any], None]]:
    """The test methods of a class and its bases, in the order they are written."""
    order: dict[str, Any] = {}
    for base in cls.__mro__:
        order.update(dict.fromkeys(name for name in vars(base) if name.startswith("test_") and name not in order))
    found = {name: getattr(cls, name) for name in order}
    return {name: check for name, check in found.items() if inspect.isfunction(check)}


def _exempted(check: Callable[[Any], None], reason: str) -> Callable[[Any], None]:
    @functools.wraps(check)
    def run(self: Any) -> None:
        try:
            check(self)
        except (AssertionError, LongtailError):
            raise SkipTest(f"{self.algorithm} is exempt: {reason}") from None
        raise AssertionError(f"{self.algorithm} passes {check.__name__}: remove the exemption ({reason})")

    return run


def _fail(message: str) -> None:
    raise AssertionError(message)

"""The shape of a rule, and the one table of what a reduce-only order is exempt from (R-P23)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from tradsy.risk.case import Case
from tradsy.risk.model import Check, ModeChange, Outcome


class Kind(StrEnum):
    """Whether a person can confirm a breach."""

    HARD = "H"
    SOFT = "S"
    SOFT_THEN_HARD = "S, then H"


class Exemption(StrEnum):
    """Which reduce-only orders a rule lets pass unjudged."""

    NONE = "none"
    REDUCE_ONLY = "any reduce-only order"
    BY_PERSON = "a signed-in person's reduce-only order, and protective stops and targets"
    """What stops automation must not leave a position without its stop, nor a person without a way out."""
    PARTLY = "partly"
    """The rule itself is milder; see its text."""


EXEMPTIONS: dict[str, Exemption] = {
    "R-P1": Exemption.BY_PERSON,
    "R-P5": Exemption.PARTLY,
    "R-P7": Exemption.REDUCE_ONLY,
    "R-P9": Exemption.PARTLY,
    "R-P12": Exemption.REDUCE_ONLY,
    "R-P14": Exemption.PARTLY,
    "R-P15": Exemption.BY_PERSON,
    "R-P16": Exemption.REDUCE_ONLY,
    "R-P17": Exemption.PARTLY,
    "R-P19": Exemption.REDUCE_ONLY,
    "R-P20": Exemption.BY_PERSON,
    "R-P21": Exemption.REDUCE_ONLY,
    "R-X6": Exemption.REDUCE_ONLY,
    "R-X7": Exemption.REDUCE_ONLY,
}
"""Rule -> exemption; a rule that is not here judges every order. R-P22 and R-P23 judge whether an order that says
reduce-only is one, so that the flag alone opens nothing."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One pre-trade control."""

    id: str
    title: str
    kind: Kind
    codes: tuple[str, ...]
    """Every code that it can refuse or warn with; the first names its passing check."""
    default: str
    judge: Callable[[Case], Check]
    relief: str = ""
    """What is milder for reduce-only orders, where the exemption is partial."""
    change: Callable[[Check], ModeChange | None] | None = None
    """State that a refusal demands."""

    @property
    def exemption(self) -> Exemption:
        """Which reduce-only orders pass unjudged."""
        return EXEMPTIONS.get(self.id, Exemption.NONE)


def is_exempt(exemption: Exemption, case: Case) -> bool:
    """Whether the order passes a rule of this exemption unjudged."""
    if not case.reduce_only:
        return False
    if exemption is Exemption.REDUCE_ONLY:
        return True
    return exemption is Exemption.BY_PERSON and (case.is_person or case.protective)


def passed(rule: str, code: str) -> Check:
    """Return a passing check without numbers."""
    return Check(rule, code, Outcome.PASS)


def skipped(rule: str, code: str, why: str) -> Check:
    """Return a check of a rule that does not concern the order."""
    return Check(rule, code, Outcome.SKIPPED, detail=why)


def refused(rule: str, code: str, why: str) -> Check:
    """Return a refusal without numbers."""
    return Check(rule, code, Outcome.REFUSE, detail=why)

"""The rules, in the fixed order in which every verdict lists them."""

from __future__ import annotations

from tradsy.risk.rules.base import Rule
from tradsy.risk.rules.conservation import P22, P23
from tradsy.risk.rules.flow import P13, P14, P16, P20
from tradsy.risk.rules.funds import P11, P12, X7
from tradsy.risk.rules.gates import P1, P21, P25, P26, P27
from tradsy.risk.rules.instrument import B8, P5, P6
from tradsy.risk.rules.intake import P3, P4
from tradsy.risk.rules.loss import P19, X6
from tradsy.risk.rules.price import P9, P10
from tradsy.risk.rules.repeat import P15, P17, P18
from tradsy.risk.rules.size import P7, P8

RULES: tuple[Rule, ...] = (
    *(P1, P3, P4, P5, P6, P7, P8, P9, P10, P11, P12, P13, P14, P15, P16, P17, P18, P19, P20, P21, P22, P23),
    *(P25, P26, P27, B8, X6, X7),
)
"""All rules but R-P28, which is the engine itself; R-P2 (live arming) and R-P24 (AI sources) come with what they
guard."""

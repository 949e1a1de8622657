"""Parameters of over-optimisation."""

from __future__ import annotations

from dataclasses import dataclass

from engine.analysis.base import Parameters
from engine.errors import UsageError

AUTO = "auto"
FORMS = ("bon", "rl")
UNITS = ("", "sequence", "token_mean", "step")


@dataclass(frozen=True)
class OveroptimisationParameters(Parameters):
    """`gold`, `proxy`, `kl`: metrics by name, empty for those that are known as such. `run`: empty for what leads.

    `kl_unit`: what the KL is, where the log does not say it: "sequence" (sum over the tokens of an answer, in nats),
    "token_mean" or "step". `form`: of the fit, "bon" or "rl", "auto" for both by their evidence. `level`: of intervals,
    in [.5, .999]. `seed`: of the draws behind the intervals of losses.
    """

    gold: str = ""
    proxy: str = ""
    kl: str = ""
    kl_unit: str = ""
    form: str = AUTO
    run: str = ""
    level: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.form not in (AUTO, *FORMS):
            raise UsageError(f"form={self.form!r} is none of {AUTO}, {', '.join(FORMS)}.")
        if self.kl_unit not in UNITS:
            raise UsageError(f"kl_unit={self.kl_unit!r} is none of {', '.join(UNITS[1:])}.")
        if not 0.5 <= self.level <= 0.999:
            raise UsageError(f"level={self.level} is not between 0.5 and 0.999.")
        if self.seed < 0:
            raise UsageError(f"seed={self.seed} is negative.")

    @property
    def forms(self) -> tuple[str, ...]:
        """The forms that are fitted."""
        return FORMS if self.form == AUTO else (self.form,)

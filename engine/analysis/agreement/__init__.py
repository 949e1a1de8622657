"""Agreement: whether those who judge say the same, and who of them does not."""

from engine.analysis.agreement.analysis import Agreement
from engine.analysis.agreement.parameters import AgreementParameters

__all__ = ["Agreement", "AgreementParameters"]

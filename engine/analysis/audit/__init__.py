"""Audit: how much of a preference dataset, and of the rewards on it, length and style alone explain."""

from engine.analysis.audit.analysis import Audit
from engine.analysis.audit.parameters import AuditParameters

__all__ = ["Audit", "AuditParameters"]

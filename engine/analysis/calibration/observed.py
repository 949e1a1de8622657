"""What analyses share that conclude from the same state: calibration, and what if."""

from __future__ import annotations

from engine.analysis.base import Analysis, ParametersT
from engine.analysis.calibration import codec
from engine.analysis.calibration import state as states
from engine.analysis.calibration.state import CalibrationState


class OnCalibrationState(Analysis[CalibrationState, ParametersT]):
    """Base of an analysis whose state is that of calibration: it observes and concludes, the rest is the same."""

    def combine(self, left: CalibrationState, right: CalibrationState) -> CalibrationState:
        """The state of both; folding in manifest order replays bit for bit."""
        return states.combine(left, right)

    def narrow(self, state: CalibrationState, column: str, value: str) -> CalibrationState:
        """The state of one slice value; raises NotFound."""
        return states.narrow(state, column, value)

    def to_bytes(self, state: CalibrationState) -> bytes:
        """Npz without pickles."""
        return codec.to_bytes(state)

    def from_bytes(self, data: bytes) -> CalibrationState:
        """The state from `to_bytes`."""
        return codec.from_bytes(data)

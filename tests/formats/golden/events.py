"""Made with tensorboard 2.21.0 in an environment of its own: `python events.py events.json [real event file]`.

Writes an event file with tensorboard's own writer, and what tensorboard's EventAccumulator reads from it and from the
real file: the reference that the reader is compared with.
"""

from __future__ import annotations

import base64
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboard.util.tensor_util import make_ndarray, make_tensor_proto


def tensor(tag: str, value: object, plugin: str | None = "scalars") -> Summary.Value:
    """A value in the new form."""
    metadata = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name=plugin)) if plugin else None
    return Summary.Value(tag=tag, tensor=make_tensor_proto(value), metadata=metadata)


def torch_like(tag: str, value: float) -> Summary.Value:
    """A value as PyTorch's writer has it in its new style: no shape, no content."""
    metadata = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="scalars"))
    return Summary.Value(tag=tag, tensor=TensorProto(float_val=[value], dtype=1), metadata=metadata)


def written(folder: Path) -> Path:
    """An event file with scalars in every form, and what is none."""
    rng = np.random.default_rng(20260612)
    writer = EventFileWriter(str(folder))
    for step in range(1, 41):
        moment = 1_700_000_000.25 + step * 1.5
        loss = float(rng.gamma(2.0))
        values = [Summary.Value(tag="train/loss", simple_value=loss), Summary.Value(tag="train/kl", simple_value=-loss)]
        values.append(tensor("train/reward", np.float32(loss / 3)))
        values.append(tensor("eval/reward", np.float64(loss / 7), "scalars" if step == 1 else None))
        values.append(torch_like("train/grad_norm", loss * 2))
        values.append(tensor("whole", np.int64(step * 3)))
        if step % 10 == 0:
            shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=3)])
            values.append(
                Summary.Value(tag="several", tensor=TensorProto(dtype=1, float_val=[1, 2, 3], tensor_shape=shape))
            )
            values.append(tensor("text", b"a sentence", "text"))
            values.append(tensor("curve", np.float32(1), "pr_curves"))
        writer.add_event(Event(wall_time=moment, step=step * 5, summary=Summary(value=values)))
    writer.close()
    return next(folder.iterdir())


def accumulated(path: Path) -> dict[str, list[list[float]]]:
    """By tag the wall time, step and value of every point, as tensorboard reads them."""
    held = EventAccumulator(str(path), size_guidance={"scalars": 0, "tensors": 0})
    held.Reload()
    found = {
        tag: [[each.wall_time, each.step, each.value] for each in held.Scalars(tag)] for tag in held.Tags()["scalars"]
    }
    for tag in held.Tags()["tensors"]:
        known = held.summary_metadata.get(tag)
        if known is not None and known.plugin_data.plugin_name == "scalars":
            points = [(each.wall_time, each.step, make_ndarray(each.tensor_proto)) for each in held.Tensors(tag)]
            found[tag] = [[time, step, float(np.ravel(value)[0])] for time, step, value in points]
    return found


def main() -> None:
    """Write the golden file."""
    with tempfile.TemporaryDirectory() as name:
        path = written(Path(name))
        golden = {"file": base64.b64encode(path.read_bytes()).decode(), "scalars": accumulated(path)}
    if len(sys.argv) > 2:
        golden["real"] = accumulated(Path(sys.argv[2]))
    Path(sys.argv[1]).write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()

"""Runs one model class for `bench_model`: one JSON object per line in, one value per line out.

It is started as a file, so that the model comes from whatever checkout PYTHONPATH names.
"""
# Shapes: N clips, C channels, T frames, V joints, M persons.

import importlib
import json
import re
import runpy
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import torch
import torch.nn.functional as F


class Worker:
    """A model, its input, and what one measured turn does with them.

    Args:
        model: dotted name of the class.
        shape: (N, C, T, V, M).
        training: one optimiser step of SGD per turn, else one inference.
        absent: of how many clips the second body is zero.
        engine: whether the step is that of main.py (`engine.step`).
        half: whether to autocast to float16, on a GPU.
        keep: whether freed memory is kept, as main.py does on CPUs.
    """

    def __init__(
        self,
        model: str,
        model_args: dict,
        shape: list[int],
        training: bool,
        absent: int,
        engine: bool,
        half: bool,
        keep: bool,
    ) -> None:
        if keep:
            allocator = Path(__file__).parents[1] / "utils" / "machine.py"
            runpy.run_path(str(allocator))["keep_freed_memory"]()
        module, _, name = model.rpartition(".")
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        torch.manual_seed(0)
        self.model = getattr(importlib.import_module(module), name)(**model_args).to(self.device)
        self.clips = torch.randn(shape, device=self.device)
        self.clips[:absent, ..., 1:] = 0
        self.labels = torch.arange(shape[0], device=self.device) % model_args["num_class"]
        self.autocast = torch.autocast("cuda", torch.float16) if half else nullcontext()
        self.optimizer = torch.optim.SGD(
            self.model.parameters(), 0.05, momentum=0.9, nesterov=True, weight_decay=5e-4
        )
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=half)
        self.model.train(training)
        self.turn = self._engine_step() if engine else self._step if training else self._infer
        self.before = resident_mb("VmRSS") if self.device.type == "cpu" else 0

    def _step(self) -> None:
        self.optimizer.zero_grad()
        with self.autocast:
            loss = F.cross_entropy(self.model(self.clips).float(), self.labels)
        self.scaler.scale(loss).backward()
        self.scaler.step(self.optimizer)
        self.scaler.update()

    @torch.no_grad()
    def _infer(self) -> None:
        with self.autocast:
            self.model(self.clips)

    def _engine_step(self) -> Callable[[], object]:
        from engine.device.precision import Precision
        from engine.optimization import make_schedule
        from engine.run_dir.checkpoint import TrainState
        from engine.step import training_step
        from engine.tasks.action import ActionClassification

        precision = Precision(self.device)
        precision.cast(self.model)
        schedule = make_schedule(self.optimizer, "step", [30], 0, 60, 100)
        state = TrainState(self.model, self.optimizer, schedule, precision)
        task, size = ActionClassification(), len(self.clips)
        return lambda: training_step(state, task, self.clips, self.labels, size)

    def seconds(self) -> float:
        begun = time.perf_counter()
        self.turn()
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - begun

    def memory_mb(self) -> float:
        """The most memory that turns took so far, on top of model and input."""
        if self.device.type == "cuda":
            return torch.cuda.max_memory_allocated() / 2**20
        return resident_mb("VmHWM") - self.before


def resident_mb(field: str) -> float:
    status = Path("/proc/self/status").read_text()
    return int(re.search(rf"{field}:\s+(\d+)", status)[1]) / 1024


def main() -> None:
    worker = Worker(**json.loads(sys.stdin.readline()))
    for line in sys.stdin:
        print(json.dumps(getattr(worker, json.loads(line))()), flush=True)


if __name__ == "__main__":
    main()

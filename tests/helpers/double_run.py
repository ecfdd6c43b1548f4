"""main.py in double precision, in which rounding hides nothing."""

import sys

import torch

import main
from engine.device.precision import Precision

to_float, cast = torch.Tensor.float, Precision.cast

Precision.cast = lambda self, model: cast(self, model.double())
Precision.inputs = lambda self, clips: clips.double()
torch.Tensor.float = lambda tensor: tensor if tensor.dtype == torch.float64 else to_float(tensor)

if __name__ == "__main__":
    main.main(sys.argv[1:])

"""BatchNorm over the batches of all processes, on the CPU as well."""
# Shapes: N clips, C channels, * any further axes.

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.nn.functional import all_reduce
from torch.nn.modules.batchnorm import _BatchNorm


class CpuSyncBatchNorm(_BatchNorm):
    """`nn.SyncBatchNorm` for the CPU, whose tensors that one refuses; the same numbers."""

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() < 2:
            raise ValueError(f"expected (N, C, *). Got {tuple(input.shape)}.")

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, *) -> (N, C, *)."""
        if not self.training:
            return super().forward(input)
        kind = input.dtype
        input = input.float() if kind in (torch.bfloat16, torch.float16) else input
        axes = [axis for axis in range(input.dim()) if axis != 1]
        shape = [1, -1] + [1] * (input.dim() - 2)
        count = input.new_tensor([input.numel() / input.shape[1]])
        dist.all_reduce(count)
        mean = all_reduce(input.sum(axes)) / count
        centred = input - mean.view(shape)
        variance = all_reduce(centred.square().sum(axes)) / count
        with torch.no_grad():
            self.num_batches_tracked += 1
            tracked, momentum = self.num_batches_tracked, self.momentum
            share = 1 / tracked.item() if momentum is None else momentum
            self.running_mean.lerp_(mean, share)
            self.running_var.lerp_(variance * count / (count - 1), share)
        scale = (variance + self.eps).rsqrt() * self.weight
        return (centred * scale.view(shape) + self.bias.view(shape)).to(kind)


def synchronize(model: nn.Module, device: torch.device) -> nn.Module:
    """Let every BatchNorm take its statistics over all processes; keys and parameters stay."""
    if device.type == "cuda":
        return nn.SyncBatchNorm.convert_sync_batchnorm(model)
    for name, child in model.named_children():
        if isinstance(child, _BatchNorm):
            new = CpuSyncBatchNorm(child.num_features, child.eps, child.momentum)
            new.weight, new.bias = child.weight, child.bias
            new.running_mean, new.running_var = child.running_mean, child.running_var
            new.num_batches_tracked = child.num_batches_tracked
            setattr(model, name, new)
        else:
            synchronize(child, device)
    return model

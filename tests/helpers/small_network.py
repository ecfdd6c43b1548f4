"""A network as users write them: for tests of what is around networks, which takes no time."""

from torch import Tensor, nn

MODEL_ARGS = {"num_class": 3, "num_point": 20, "num_person": 1, "graph": "kinect_v1"}


class Model(nn.Module):
    """BatchNorm, a convolution along time, dropout and a classifier of mean features.

    Args:
        graph: not used; the engine reads it.
    """

    def __init__(
        self,
        num_class: int,
        num_point: int,
        num_person: int,
        graph: str,
        in_channels: int = 3,
        width: int = 8,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.data_bn = nn.BatchNorm1d(num_person * num_point * in_channels)
        self.conv = nn.Conv2d(in_channels, width, (3, 1), padding=(1, 0))
        self.bn = nn.BatchNorm2d(width)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(width, num_class)

    def forward(self, clips: Tensor) -> Tensor:
        """(N, C, T, V, M) -> (N, K)."""
        n, c, t, v, m = clips.shape
        x = clips.permute(0, 4, 3, 1, 2).flatten(1, 3)  # (N, M*V*C, T)
        x = self.data_bn(x).view(n * m, v, c, t).permute(0, 2, 3, 1)  # (N*M, C, T, V)
        x = self.bn(self.conv(x)).relu().mean((2, 3)).view(n, m, -1).mean(1)
        return self.fc(self.dropout(x))

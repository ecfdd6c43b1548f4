"""A small network of NTU RGB+D on synthetic clips: its outputs for raw clips, and predict.py's."""

from collections.abc import Collection
from pathlib import Path

import numpy as np
import trained_run

from data_gen import ntu_gendata, synthetic
from data_gen.raw_formats import find_clips, raw_format
from formats.chunks import mean_by_name
from tools import predict
from tools.predicting.networks import open_network
from tools.predicting.predictor import Predictor
from tools.predicting.spans import Cut

NTU_ARGS = {"num_class": 60, "num_point": 25, "num_person": 2, "num_gcn_scales": 2,
            "num_g3d_scales": 2, "graph": "ntu_rgb_d", "width": 6}  # fmt: skip


def make_clips(root: Path) -> Path:
    """Synthetic clips of NTU RGB+D, raw and as arrays."""
    synthetic.main(["--out-folder", str(root / "all"), "--subjects", "2"])
    (root / "raw").mkdir()
    for path in sorted((root / "all").glob("*.skeleton"))[::16]:
        path.rename(root / "raw" / path.name)
    argv = f"--data_path {root / 'raw'} --out_folder {root / 'ntu'} --benchmark xsub --part train"
    ntu_gendata.main([*argv.split(), "--keep-incomplete", "--num-worker", "0"])
    return root


def ntu_weights(folder: Path, ntu: Path, seed: int = 0, **feeder_args: object) -> Path:
    where = {
        "data_path": str(ntu / "ntu/xsub/train_data_joint.npy"),
        "label_path": str(ntu / "ntu/xsub/train_label.pkl"),
    }
    settings = {"model_args": NTU_ARGS, "test_feeder_args": {**where, **feeder_args}}
    return trained_run.make(folder / f"run{seed}", settings, seed)


def asked(weights: Path, clips: list[str], only: Collection[str] = ()) -> dict[str, np.ndarray]:
    """The outputs of the network for raw clips, by name, in batches of the settings.

    Args:
        only: names; a batch of other clips gives other last bits.
    """
    networks = [open_network(weights, None, ["cpu"])]
    info = networks[0].info
    raw = raw_format(info.dataset, info.feeder_args.get("features", "none"))
    predictor = Predictor(networks, [1.0], raw, info.settings["test_batch_size"])
    samples = [s for r in find_clips(clips, raw) for s in raw.read(r)]
    samples = [sample for sample in samples if not only or sample.name in only]
    spans = Cut(window=None, stride=1, chunk=raw.chunk, rate=None)(samples)
    names, outputs = zip(*((s.sample.name, out) for s, out in predictor(spans)), strict=True)
    return mean_by_name(np.stack(outputs), names)


def lines(capsys, *argv: object) -> list[str]:
    predict.main([str(word) for word in argv])
    return capsys.readouterr().out.splitlines()

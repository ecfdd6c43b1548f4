"""The flags of main.py: the published ones, with the published defaults."""

import argparse
import os
from pathlib import Path

from utils.cli import ArgumentParser, str2bool
from utils.config import mapping

DEFAULT_SEED = 1


def make_parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="main.py",
        description="Train or test a skeleton model. Settings come from a YAML file (--config); "
        "flags given here win. Mappings are YAML text, e.g. --model-args '{width: 48}', and are "
        "merged over the file's.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        allow_abbrev=False,
    )
    _add_run_flags(parser.add_argument_group("run"))
    _add_data_flags(parser.add_argument_group("data"))
    _add_model_flags(parser.add_argument_group("model"))
    _add_training_flags(parser.add_argument_group("training"))
    _add_resume_flags(parser.add_argument_group("resume"))
    return parser


def _boolean(group: argparse._ArgumentGroup, flag: str, default: bool, help: str) -> None:
    group.add_argument(flag, type=str2bool, nargs="?", const=True, default=default, help=help)


def _add_run_flags(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--config", type=Path, help="YAML file with settings, see config/")
    add("--work-dir", type=Path, help="folder for logs, weights and scores (required)")
    add("--phase", choices=("train", "test"), default="train", help="what to do")
    add("--device", nargs="+", default=["0"], help="GPU numbers (several: DataParallel), or cpu")
    add("--seed", type=int, default=DEFAULT_SEED, help="of weights, order and augmentation")
    add("--log-interval", type=int, default=100, help="log the loss every so many steps")
    add("--show-topk", type=int, nargs="+", default=[1, 5], help="which top-k accuracies to print")
    _boolean(group, "--print-log", True, "keep log.txt in the work dir")
    _boolean(group, "--save-score", False, "write the scores of every evaluation")
    _boolean(group, "--assume-yes", False, "delete the training curves of an earlier run")


def _add_data_flags(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--feeder", default="feeders.feeder.Feeder", help="data set class")
    add("--train-feeder-args", type=mapping, default={}, metavar="YAML", help="its arguments")
    add("--test-feeder-args", type=mapping, default={}, metavar="YAML", help="its arguments")
    add("--num-worker", type=int, default=os.cpu_count(), help="loading processes")
    add("--batch-size", type=int, default=32, help="clips of one optimiser step")
    add("--test-batch-size", type=int, default=256, help="clips of one evaluation step")
    add("--forward-batch-size", type=int, default=16, help="clips in memory at once; divides it")
    _boolean(group, "--debug", False, "only the first 100 clips")


def _add_model_flags(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--model", default="model.msg3d.Model", help="model class")
    add("--model-args", type=mapping, default={}, metavar="YAML", help="its arguments")
    add("--weights", type=Path, help="state_dict to start from or to test")
    add("--ignore-weights", nargs="+", default=[], help="keys or prefixes not to load")
    _boolean(group, "--half", False, "mixed precision: float16 on GPUs, bfloat16 on the CPU")
    add("--amp-opt-level", type=int, choices=(0, 1, 2, 3), default=1, help="0: full precision")


def _add_training_flags(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--optimizer", choices=("SGD", "Adam"), default="SGD", help="SGD has momentum 0.9")
    add("--base-lr", type=float, default=0.01, help="learning rate")
    add("--step", type=int, nargs="+", default=[20, 40, 60], help="epochs that divide it by ten")
    add("--weight-decay", type=float, default=5e-4, help="L2 penalty")
    _boolean(group, "--nesterov", False, "Nesterov momentum")
    add("--num-epoch", type=int, default=80, help="epochs in all")
    add("--save-interval", type=int, default=1, help="save every so many epochs")
    add("--eval-interval", type=int, default=1, help="evaluate every so many epochs")
    add("--eval-start", type=int, default=1, help="first epoch to evaluate")
    add("--model-saved-name", default="", help="no effect; files are named by epoch and step")


def _add_resume_flags(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--start-epoch", type=int, default=0, help="epochs already done")
    add("--checkpoint", type=Path, help="checkpoints/checkpoint-*.pt of the run to go on with")
    add("--optimizer-states", type=Path, help="optimiser state_dict alone, without a checkpoint")

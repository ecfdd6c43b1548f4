"""The flags of main.py: the published ones, with the published defaults, and their ranges."""

import argparse
import logging
import math
from pathlib import Path

from utils.cli import ArgumentParser, str2bool
from utils.config import mapping
from utils.cores import available_cores

logger = logging.getLogger(__name__)

DEFAULT_SEED = 1


class _HelpFormatter(argparse.ArgumentDefaultsHelpFormatter):
    """Shows defaults only where there are any, and no shouted names of values."""

    def _get_help_string(self, action: argparse.Action) -> str:
        empty = action.default in (None, "", {}, [], argparse.SUPPRESS)
        return action.help if empty else super()._get_help_string(action)

    def _get_default_metavar_for_optional(self, action: argparse.Action) -> str:
        names = {int: "N", float: "X", Path: "PATH", str2bool: "yes|no"}
        return names.get(action.type, "NAME")


def make_parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="main.py",
        description="Train or test a skeleton model. Settings come from a YAML file (--config); "
        "flags given here win. Mappings are YAML text, e.g. --model-args '{width: 48}', and are "
        "merged over the file's.",
        formatter_class=_HelpFormatter,
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
    add(
        "--train-feeder-args",
        type=mapping,
        default={},
        metavar="YAML",
        help="data to train on: data_path, label_path, ...",
    )
    add("--test-feeder-args", type=mapping, default={}, metavar="YAML", help="data to test on")
    add("--num-worker", type=int, default=available_cores(), help="loading processes, 0: none")
    add("--batch-size", type=int, default=32, help="clips of one optimiser step")
    add("--test-batch-size", type=int, default=256, help="clips of one evaluation step")
    add(
        "--forward-batch-size",
        type=int,
        default=16,
        help="clips in memory at once, whose gradients add up; must divide --batch-size",
    )
    _boolean(group, "--debug", False, "only the first 100 clips")


def _add_model_flags(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--model", default="model.msg3d.Model", help="model class")
    add(
        "--model-args",
        type=mapping,
        default={},
        metavar="YAML",
        help="num_class, graph, width, ...",
    )
    add("--weights", type=Path, help="state_dict to start from or to test")
    add("--ignore-weights", nargs="+", default=[], help="keys or prefixes not to load")
    _boolean(group, "--half", False, "mixed precision: float16 on GPUs, bfloat16 on the CPU")
    add(
        "--amp-opt-level",
        type=int,
        choices=(0, 1, 2, 3),
        default=1,
        help="with --half; 0: full precision, 1 to 3: autocast",
    )


def _add_training_flags(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--optimizer",
        choices=("SGD", "Adam"),
        default="SGD",
        help="optimiser; SGD has momentum 0.9",
    )
    add("--base-lr", type=float, default=0.01, help="learning rate")
    add(
        "--step",
        type=int,
        nargs="+",
        default=[20, 40, 60],
        help="epochs after which the learning rate is divided by ten",
    )
    add("--weight-decay", type=float, default=5e-4, help="L2 penalty")
    _boolean(group, "--nesterov", False, "Nesterov momentum")
    add("--num-epoch", type=int, default=80, help="epochs in all")
    add("--save-interval", type=int, default=1, help="save every so many epochs")
    add("--eval-interval", type=int, default=1, help="evaluate every so many epochs")
    add("--eval-start", type=int, default=1, help="first epoch to evaluate")
    add("--model-saved-name", default="", help="accepted as in the published code, without effect")


def _add_resume_flags(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--start-epoch", type=int, default=0, help="epochs already done")
    add("--checkpoint", type=Path, help="checkpoints/checkpoint-*.pt of the run to go on with")
    add("--optimizer-states", type=Path, help="optimiser state_dict alone, without a checkpoint")


POSITIVE = (
    *("batch_size", "test_batch_size", "forward_batch_size", "num_epoch", "base_lr"),
    *("log_interval", "save_interval", "eval_interval"),
)
NOT_NEGATIVE = ("num_worker", "start_epoch", "weight_decay", "eval_start", "seed")


def validate(args: argparse.Namespace) -> None:
    """Reject settings that cannot work.

    Raises:
        ValueError: one line that names the flag.
    """
    if args.work_dir in (None, Path()):
        raise ValueError("--work-dir is required: a folder of its own for what the run writes.")
    if args.work_dir.exists() and not args.work_dir.is_dir():
        raise ValueError(f"--work-dir must be a folder. Got {args.work_dir}, a file.")
    for name in POSITIVE + NOT_NEGATIVE:
        value = getattr(args, name)
        if not (value > 0 or (value == 0 and name in NOT_NEGATIVE)) or not math.isfinite(value):
            bound = "above 0" if name in POSITIVE else "0 or more"
            raise ValueError(f"--{name.replace('_', '-')} must be {bound}. Got {value}.")
    if min(args.show_topk) < 1:
        raise ValueError(f"--show-topk must be above 0. Got {args.show_topk}.")
    if args.step != sorted(set(args.step)) or args.step[0] < 1:
        raise ValueError(f"--step must be epochs above 0 that rise. Got {args.step}.")
    if args.batch_size % args.forward_batch_size:
        raise ValueError(
            f"--forward-batch-size must divide --batch-size ({args.batch_size}). "
            f"Got {args.forward_batch_size}."
        )
    if args.phase == "test" and not args.weights:
        raise ValueError("--phase test needs --weights, the state_dict to test.")
    if (args.start_epoch or args.checkpoint) and not args.weights:
        raise ValueError("--start-epoch and --checkpoint need the --weights of the same epoch.")
    if args.phase == "train" and args.start_epoch >= args.num_epoch:
        raise ValueError(
            f"--start-epoch must be below --num-epoch ({args.num_epoch}). Got {args.start_epoch}."
        )
    for setting, without_effect in {
        f"--amp-opt-level {args.amp_opt_level} runs as level 1": args.half
        and args.amp_opt_level > 1,
        "--nesterov has no effect with Adam": args.nesterov and args.optimizer == "Adam",
        "--model_saved_name has no effect": args.model_saved_name,
    }.items():
        if without_effect:
            logger.warning("%s.", setting)

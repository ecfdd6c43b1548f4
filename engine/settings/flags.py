"""The flags of main.py: the published ones, with the published defaults, and newer ones."""

import argparse
from pathlib import Path

from utils.cli import ArgumentParser, str2bool
from utils.config import mapping
from utils.cores import available_cores

DEFAULT_SEED = 1
# What --task stands for; by name, as a wrong flag is answered before torch is loaded.
TASKS = {
    "action": "engine.tasks.action.ActionClassification",
    "traits": "engine.tasks.traits.TraitRegression",
}


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
    _add_precision_flags(parser.add_argument_group("precision and speed"))
    _add_training_flags(parser.add_argument_group("training"))
    _add_recipe_flags(parser.add_argument_group("recipe (all off: the published recipe)"))
    _add_saving_flags(parser.add_argument_group("save and resume"))
    return parser


def _boolean(group: argparse._ArgumentGroup, flag: str, default: bool, help: str) -> None:
    group.add_argument(flag, type=str2bool, nargs="?", const=True, default=default, help=help)


def _add_run_flags(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--config", type=Path, help="YAML file with settings, see config/")
    add("--work-dir", type=Path, help="folder for logs, weights and scores (required)")
    add("--phase", choices=("train", "test"), default="train", help="what to do")
    add(
        "--device",
        nargs="+",
        default=["0"],
        help="GPU numbers (several: DataParallel), or cpu; under torchrun each process takes its "
        "own GPU (DistributedDataParallel)",
    )
    add("--seed", type=int, default=DEFAULT_SEED, help="of weights, order and augmentation")
    add("--seeds", type=int, nargs="+", help="train once with each, in sub-folders of the work dir")
    _boolean(group, "--deterministic", False, "the same bits in every run on a GPU too, but slower")
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
    add(
        "--num-worker",
        type=int,
        default=available_cores(),
        help="loading processes of a machine, 0: none",
    )
    add("--batch-size", type=int, default=32, help="clips of one optimiser step")
    add("--test-batch-size", type=int, default=256, help="clips of one evaluation step")
    add(
        "--forward-batch-size",
        type=int,
        default=16,
        help="clips in memory at once, whose gradients add up; must divide --batch-size",
    )
    add(
        "--num-clips",
        type=int,
        default=1,
        help="in every evaluation, take so many crops of each clip and average their scores, in as "
        "many times the time; which crops is up to --test-feeder-args, e.g. uniform_crop: 0.9",
    )
    _boolean(group, "--debug", False, "only the first 100 clips")
    add(
        "--val-split",
        type=float,
        default=0.0,
        help="share of the training clips to choose the best epoch on, instead of the test clips",
    )
    add("--val-by", choices=("subject", "clip"), default="subject", help="what is kept together")


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
    _boolean(group, "--freeze-loaded", False, "do not train what --weights loads")
    add(
        "--task",
        choices=tuple(TASKS),
        default="action",
        help="what the outputs mean: loss, metric and result files",
    )


def _add_precision_flags(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    _boolean(group, "--half", False, "mixed precision, also for --phase test")
    add(
        "--amp-opt-level",
        type=int,
        choices=(0, 1, 2, 3),
        default=1,
        help="with --half; 0: full precision, 1: autocast, 2: half weights with float32 masters, "
        "3: everything half",
    )
    add(
        "--amp-dtype",
        choices=("float16", "bfloat16"),
        help="half type (default: float16 on GPUs, bfloat16 on the CPU)",
    )
    add(
        "--amp-backend",
        choices=("auto", "apex", "native"),
        default="auto",
        help="NVIDIA Apex or torch.amp; auto: Apex where it is installed with its amp",
    )
    _boolean(group, "--compile", False, "torch.compile; slow first steps, faster later ones")
    add(
        "--cuda-graphs",
        choices=("auto", "yes", "no"),
        default="auto",
        help="record a training's forward and backward pass and replay it, which saves the time to "
        "start its kernels; auto: where it can be done",
    )
    _boolean(group, "--sync-bn", False, "BatchNorm over all processes of torchrun")


def _add_training_flags(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--optimizer",
        choices=("SGD", "Adam", "AdamW"),
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
    add("--eval-interval", type=int, default=1, help="evaluate every so many epochs")
    add("--eval-start", type=int, default=1, help="first epoch to evaluate")
    add("--model-saved-name", default="", help="accepted as in the published code, without effect")


def _add_recipe_flags(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--lr-schedule",
        choices=("step", "cosine"),
        default="step",
        help="drops after the epochs of --step, or a cosine to 0, step by step",
    )
    add("--warmup-epochs", type=int, default=0, help="epochs of linear rise to --base-lr")
    add("--label-smoothing", type=float, default=0.0, help="share of a label spread over all")
    add("--max-grad-norm", type=float, default=0.0, help="clip gradients to this norm, 0: never")
    add(
        "--ema-decay",
        type=float,
        default=0.0,
        help="evaluate and save a moving average of the weights, e.g. 0.999; 0: none",
    )
    _boolean(
        group,
        "--precise-bn",
        False,
        "before each evaluation, take BatchNorm's statistics anew over the training clips, "
        "prepared as for a test, in whole batches of --forward-batch-size",
    )
    add(
        "--early-stopping",
        type=int,
        default=0,
        metavar="N",
        help="end after N evaluations without a new best, 0: never",
    )


def _add_saving_flags(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--save-interval", type=int, default=1, help="save every so many epochs")
    add("--save-steps", type=int, default=0, help="save every so many steps as well, 0: never")
    add(
        "--keep-checkpoints",
        type=int,
        default=0,
        metavar="K",
        help="only the newest K and the best epoch's weights, 0: all",
    )
    add(
        "--resume",
        choices=("no", "auto"),
        default="no",
        help="auto: go on from the newest intact checkpoint of the work dir, if there is one",
    )
    add("--start-epoch", type=int, default=0, help="epochs already done")
    add("--checkpoint", type=Path, help="checkpoints/checkpoint-*.pt of the run to go on with")
    add("--optimizer-states", type=Path, help="optimiser state_dict alone, without a checkpoint")

"""What settings main.py refuses, whether they come from the command line or from a YAML file."""

import argparse
import logging
import math
from pathlib import Path

from engine.device.distributed import num_processes
from engine.settings.flags import make_parser

logger = logging.getLogger(__name__)

POSITIVE = (
    *("batch_size", "test_batch_size", "forward_batch_size", "num_epoch", "base_lr"),
    *("log_interval", "save_interval", "eval_interval", "num_clips"),
)
NOT_NEGATIVE = (
    *("num_worker", "start_epoch", "weight_decay", "eval_start", "seed", "warmup_epochs"),
    *("max_grad_norm", "early_stopping", "save_steps", "keep_checkpoints"),
)
SHARES = ("val_split", "label_smoothing", "ema_decay")


def validate(args: argparse.Namespace) -> None:
    """Reject settings that cannot work; warn of those without effect.

    Raises:
        ValueError: one line that names the flag.
    """
    if args.work_dir in (None, Path()):
        raise ValueError("--work-dir is required: a folder of its own for what the run writes.")
    if args.work_dir.exists() and not args.work_dir.is_dir():
        raise ValueError(f"--work-dir must be a folder. Got {args.work_dir}, a file.")
    _check_ranges(args)
    if args.phase == "test":
        _check_test(args)
    else:
        _check_training(args)
    for setting, without_effect in {
        "--nesterov has no effect with Adam": args.nesterov and args.optimizer != "SGD",
        "--label-smoothing has no effect with --task traits": args.label_smoothing
        and args.task == "traits",
        "--precise-bn has no effect with --phase test": args.precise_bn and args.phase == "test",
        "--model_saved_name has no effect": args.model_saved_name,
        "--sync-bn has no effect without torchrun": args.sync_bn and num_processes() == 1,
        "--amp-dtype has no effect without --half": args.amp_dtype and not args.half,
        "--amp-backend has no effect without --half": (
            not args.half and _changed(args, "amp_backend")
        ),
        "--amp-opt-level has no effect without --half": (
            not args.half and _changed(args, "amp_opt_level")
        ),
    }.items():
        if without_effect:
            logger.warning("%s.", setting)


def _changed(args: argparse.Namespace, name: str) -> bool:
    return getattr(args, name) != make_parser().get_default(name)


def _check_ranges(args: argparse.Namespace) -> None:
    for name in POSITIVE + NOT_NEGATIVE:
        value = getattr(args, name)
        if not (value > 0 or (value == 0 and name in NOT_NEGATIVE)) or not math.isfinite(value):
            bound = "above 0" if name in POSITIVE else "0 or more"
            raise ValueError(f"--{name.replace('_', '-')} must be {bound}. Got {value}.")
    for name in SHARES:
        value = getattr(args, name)
        if not 0 <= value < 1:
            flag = name.replace("_", "-")
            raise ValueError(f"--{flag} must be at least 0 and below 1. Got {value}.")
    if min(args.show_topk) < 1:
        raise ValueError(f"--show-topk must be above 0. Got {args.show_topk}.")
    if args.step != sorted(set(args.step)) or args.step[0] < 1:
        raise ValueError(f"--step must be epochs above 0 that rise. Got {args.step}.")
    if args.batch_size % args.forward_batch_size:
        raise ValueError(
            f"--forward-batch-size must divide --batch-size ({args.batch_size}). "
            f"Got {args.forward_batch_size}."
        )


def _check_test(args: argparse.Namespace) -> None:
    if not args.weights:
        raise ValueError("--phase test needs --weights, the state_dict to test.")
    if args.seeds:
        raise ValueError("--seeds is for training. Leave it out of a test.")


def _check_training(args: argparse.Namespace) -> None:
    by_hand = args.start_epoch or args.checkpoint
    if by_hand and not args.weights:
        raise ValueError("--start-epoch and --checkpoint need the --weights of the same epoch.")
    if (by_hand or args.optimizer_states) and (args.resume == "auto" or args.seeds):
        raise ValueError(
            "--start-epoch, --checkpoint and --optimizer-states are of one run, whose files they "
            "name. Leave them out with --resume auto, which finds them itself, and with --seeds."
        )
    for name in ("start_epoch", "warmup_epochs"):
        value = getattr(args, name)
        if value >= args.num_epoch:
            flag = name.replace("_", "-")
            raise ValueError(f"--{flag} must be below --num-epoch ({args.num_epoch}). Got {value}.")
    if args.seeds and len(set(args.seeds)) < len(args.seeds):
        raise ValueError(f"--seeds must differ. Got {args.seeds}.")
    if args.freeze_loaded and not args.weights:
        raise ValueError("--freeze-loaded needs --weights, the state_dict to be kept as it is.")
    if args.ema_decay and args.half and args.amp_opt_level > 1:
        raise ValueError(
            "--ema-decay needs weights in float32, since half ones are too coarse to average. Use "
            "--amp-opt-level 1."
        )

"""All settings of main.py, each in one place: default, range, help.

A setting is a field; its flag and its YAML key have the field's name. Everything else reads this
table: the parser, the checks, what a resumed run compares, the hash of a recipe.
"""

import dataclasses
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from formats.exported import weights_file
from utils.cli import str2bool
from utils.machine import available_cores

TRAIN, TEST = "train", "test"
DEFAULT_SEED = 1


@dataclass(frozen=True)
class About:
    """What is known of a setting besides its default."""

    help: str
    type: Callable[[str], Any] = str
    many: bool = False  # takes one value or several
    choices: tuple = ()
    low: float = -math.inf  # the smallest value allowed
    above: float = -math.inf  # values must be above it
    below: float = math.inf  # and below it
    recipe: bool = False  # whether the result depends on it
    may_change: bool = False  # whether a run may be resumed with another value all the same
    metavar: str | None = None


def setting(default: Any, help: str, **about: Any) -> Any:
    """A field of a group of settings."""
    mutable = isinstance(default, (dict, list)) or callable(default)
    factory = default if callable(default) else lambda: type(default)(default)
    value = {"default_factory": factory} if mutable else {"default": default}
    return field(**value, metadata={"about": About(help, **about)})


def yes_no(default: bool, help: str, **about: Any) -> Any:
    return setting(default, help, type=str2bool, **about)


def number(default: int, help: str, **about: Any) -> Any:
    return setting(default, help, type=int, **about)


def real(default: float, help: str, **about: Any) -> Any:
    return setting(default, help, type=float, **about)


def mapping_of(help: str, **about: Any) -> Any:
    """A field whose value is a mapping, on the command line YAML text."""
    return setting({}, help, type=dict, metavar="YAML", **about)


RECIPE: dict[str, Any] = {"recipe": True}


@dataclass(frozen=True)
class RunSettings:
    """run"""

    work_dir: Path | None = setting(
        None, "folder for logs, weights and scores (required)", type=Path
    )
    phase: str = setting(TRAIN, "whether to train or to test", choices=(TRAIN, TEST))
    device: list[str] = setting(
        ["0"],
        "GPU numbers (several: DataParallel), or cpu; under torchrun each process takes its own "
        "GPU (DistributedDataParallel)",
        many=True,
    )
    seed: int = number(
        DEFAULT_SEED, "seed of initial weights, order and augmentation", low=0, **RECIPE
    )
    seeds: list[int] | None = setting(
        None, "train once with each seed, in sub-folders of the work dir", type=int, many=True
    )
    folds: int | None = setting(
        None,
        "cross-validate: split the training clips into N folds that keep subjects (or recordings) "
        "whole, train without each fold in turn, and score it",
        type=int,
        low=2,
        **RECIPE,
    )
    fold: int | None = setting(
        None,
        "with --folds, train only this fold, from 1; to use several machines",
        type=int,
        low=1,
        **RECIPE,
    )
    deterministic: bool = yes_no(False, "bitwise reproducible on a GPU too, but slower", **RECIPE)
    log_interval: int = number(100, "log the loss every N steps", above=0)
    show_topk: list[int] = setting(
        [1, 5], "which top-k accuracies to print", type=int, many=True, above=0
    )
    print_log: bool = yes_no(True, "keep log.txt in the work dir")
    save_score: bool = yes_no(False, "write the scores of every evaluation")
    assume_yes: bool = yes_no(False, "delete the curves and checkpoints of an earlier run")


@dataclass(frozen=True)
class DataSettings:
    """data"""

    feeder: str = setting("feeders.feeder.Feeder", "data set class", **RECIPE)
    train_feeder_args: dict[str, Any] = mapping_of(
        "data to train on: data_path, label_path, ...", **RECIPE
    )
    test_feeder_args: dict[str, Any] = mapping_of("data to test on", **RECIPE)
    num_worker: int = number(
        available_cores, "loading processes per machine, 0: none", low=0, below=1025
    )
    batch_size: int = number(32, "clips per optimiser step", above=0, **RECIPE)
    test_batch_size: int = number(256, "clips per evaluation step", above=0)
    forward_batch_size: int = number(
        16,
        "clips in memory at once; their gradients are accumulated; must divide --batch-size",
        above=0,
        **RECIPE,
    )
    num_clips: int = number(
        1,
        "average the scores of N crops of each clip in every evaluation, which takes N times as "
        "long; --test-feeder-args choose the crops, e.g. uniform_crop: 0.9",
        above=0,
        **RECIPE,
    )
    debug: bool = yes_no(False, "use only the first 100 clips", **RECIPE)
    val_split: float = real(
        0.0,
        "share of the training clips to hold out and choose the best epoch on, instead of the "
        "test clips",
        low=0,
        below=1,
        **RECIPE,
    )
    val_by: str = setting(
        "subject", "unit that --val-split keeps whole", choices=("subject", "clip"), **RECIPE
    )


@dataclass(frozen=True)
class ModelSettings:
    """model"""

    model: str = setting(
        "model.msg3d.Model",
        "model class, or msg3d, stgcn, agcn, aagcn, ctrgcn",
        **RECIPE,
    )
    model_args: dict[str, Any] = mapping_of("num_class, graph, width, ...", **RECIPE)
    weights: Path | None = setting(
        None,
        "state_dict to start from or to test, or a work dir for its best",
        type=weights_file,
        recipe=True,
    )
    ignore_weights: list[str] = setting([], "keys or prefixes not to load", many=True, **RECIPE)
    freeze_loaded: bool = yes_no(False, "do not train what --weights loads", **RECIPE)
    task: str = setting(
        "action",
        "what the outputs mean: loss, metric and result files",
        choices=("action", "traits"),
        **RECIPE,
    )


@dataclass(frozen=True)
class PrecisionSettings:
    """precision and speed"""

    half: bool = yes_no(False, "mixed precision, also for --phase test", **RECIPE)
    amp_opt_level: int = number(
        1,
        "with --half; 0: full precision, 1: autocast, 2: half weights with float32 masters, 3: "
        "everything half",
        choices=(0, 1, 2, 3),
        **RECIPE,
    )
    amp_dtype: str | None = setting(
        None,
        "half type (default: float16 on GPUs, bfloat16 on CPUs that have it)",
        choices=("float16", "bfloat16"),
        **RECIPE,
    )
    amp_backend: str = setting(
        "auto",
        "NVIDIA Apex or torch.amp; auto: Apex where it is installed with its amp",
        choices=("auto", "apex", "native"),
        **RECIPE,
    )
    compile: bool = yes_no(False, "torch.compile; slow first steps, faster later ones")
    cuda_graphs: str = setting(
        "auto",
        "record the forward and backward pass of training and replay it, which saves the launch "
        "time of its kernels; auto: where possible",
        choices=("auto", "yes", "no"),
    )
    sync_bn: bool = yes_no(False, "synchronise BatchNorm over all processes of torchrun", **RECIPE)


@dataclass(frozen=True)
class TrainingSettings:
    """training"""

    optimizer: str = setting(
        "SGD",
        "optimiser; SGD has momentum 0.9",
        choices=("SGD", "Adam", "AdamW"),
        **RECIPE,
    )
    base_lr: float = real(0.01, "learning rate", above=0, **RECIPE)
    step: list[int] = setting(
        [20, 40, 60],
        "epochs after which the learning rate is divided by ten",
        type=int,
        many=True,
        above=0,
        **RECIPE,
    )
    weight_decay: float = real(5e-4, "L2 penalty", low=0, **RECIPE)
    nesterov: bool = yes_no(False, "Nesterov momentum", **RECIPE)
    num_epoch: int = number(80, "total epochs", above=0, may_change=True, **RECIPE)
    eval_interval: int = number(1, "evaluate every N epochs", above=0)
    eval_start: int = number(1, "first epoch to evaluate", low=0)
    model_saved_name: str = setting("", "accepted as in the published code; no effect")


@dataclass(frozen=True)
class RecipeSettings:
    """recipe (all off: the published recipe)"""

    lr_schedule: str = setting(
        "step",
        "drops after the epochs of --step, or cosine annealing to 0 per step",
        choices=("step", "cosine"),
        **RECIPE,
    )
    warmup_epochs: int = number(0, "epochs of linear warm-up to --base-lr", low=0, **RECIPE)
    label_smoothing: float = real(
        0.0, "share of each label spread over all classes", low=0, below=1, **RECIPE
    )
    max_grad_norm: float = real(0.0, "clip gradients to this norm, 0: never", low=0, **RECIPE)
    ema_decay: float = real(
        0.0,
        "evaluate and save a moving average of the weights, e.g. 0.999; 0: none",
        low=0,
        below=1,
        **RECIPE,
    )
    precise_bn: bool = yes_no(
        False,
        "before each evaluation, recompute BatchNorm's statistics over the training clips, "
        "prepared as for a test, in whole batches of --forward-batch-size",
        **RECIPE,
    )
    early_stopping: int = number(
        0,
        "stop after N evaluations without a new best, 0: never",
        low=0,
        metavar="N",
        may_change=True,
        **RECIPE,
    )


@dataclass(frozen=True)
class SavingSettings:
    """save and resume"""

    save_interval: int = number(1, "save every N epochs", above=0)
    save_steps: int = number(0, "also save every N steps, 0: never", low=0)
    keep_checkpoints: int = number(
        0,
        "keep only the newest K and the best epoch's weights, 0: keep all",
        low=0,
        metavar="K",
    )
    resume: str = setting(
        "no",
        "auto: continue from the newest intact checkpoint of the work dir, if there is one",
        choices=("no", "auto"),
    )
    start_epoch: int = number(0, "epochs already done", low=0)
    checkpoint: Path | None = setting(
        None, "checkpoints/checkpoint-*.pt of the run to resume", type=Path
    )
    optimizer_states: Path | None = setting(
        None, "optimiser state_dict only, without a checkpoint", type=Path
    )


@dataclass(frozen=True)
class Settings:
    """All settings of one run, by group."""

    run: RunSettings
    data: DataSettings
    model: ModelSettings
    precision: PrecisionSettings
    training: TrainingSettings
    recipe: RecipeSettings
    saving: SavingSettings

    @classmethod
    def of(cls, values: dict[str, Any]) -> "Settings":
        """From values by name; defaults where there is none."""
        groups = {
            group.name: group.type(**{k: values[k] for k in names_of(group.type) if k in values})
            for group in dataclasses.fields(cls)
        }
        return cls(**groups)

    def values(self) -> dict[str, Any]:
        """All by name, in the order of the table."""
        return {
            name: value
            for group in dataclasses.fields(self)
            for name, value in vars(vars(self)[group.name]).items()
        }

    def as_yaml(self) -> dict[str, Any]:
        """As a YAML file has them: paths as text, without what is not given."""
        return {
            name: str(value) if isinstance(value, Path) else value
            for name, value in self.values().items()
            if value is not None
        }

    def replace(self, **values: Any) -> "Settings":
        """The same with other values of some settings."""
        return Settings.of(self.values() | values)


def groups() -> Iterator[tuple[str, dict[str, dataclasses.Field]]]:
    """The title of every group, and its settings by name."""
    for group in dataclasses.fields(Settings):
        yield group.type.__doc__, {field.name: field for field in dataclasses.fields(group.type)}


def names_of(group: type) -> list[str]:
    return [field.name for field in dataclasses.fields(group)]


def default_of(field: dataclasses.Field) -> Any:
    given = field.default is not dataclasses.MISSING
    return field.default if given else field.default_factory()


ABOUT: dict[str, About] = {
    name: field.metadata["about"] for _, fields in groups() for name, field in fields.items()
}
DEFAULTS: dict[str, Any] = {
    name: default_of(field) for _, fields in groups() for name, field in fields.items()
}


def flag(name: str) -> str:
    """`base_lr` -> `--base-lr`."""
    return f"--{name.replace('_', '-')}"

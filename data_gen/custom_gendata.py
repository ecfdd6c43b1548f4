"""Your own recordings -> arrays: python3 data_gen/custom_gendata.py --config my.yaml

A YAML file describes files, format and skeleton, and how class, subject and split are known (all
keys: --help-config). --init FILE... inspects sample files or a folder and writes a first my.yaml,
with comments. Results are the arrays data/<name>, as of the other commands, and
config/<name>/{train,test}_{joint,bone,...}.yaml, with which main.py trains and tests.
"""

if __name__ == "__main__" and not __package__:  # started as a file: start again as a module
    from as_module import run_as_module

    run_as_module(__file__)

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from data_gen.custom.checks import check, read_custom_settings
from data_gen.custom.configs import write_configs
from data_gen.custom.plan import make_plan
from data_gen.custom.propose import propose
from data_gen.custom.settings import help_text, settings_as_values
from data_gen.pipeline.command import add_output_flags, execute
from data_gen.pipeline.report import TooManyBad
from formats.clip_store import PARTS
from utils.cli import PROJECT, ArgumentParser, run
from utils.files import atomic_write


def make_parser() -> ArgumentParser:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="YAML file about the recordings"
    )
    parser.add_argument("--help-config", action="store_true", help="print the keys of that file")
    parser.add_argument(
        "--init",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="look at sample files, or the folder of all, and write --config (default: my.yaml)",
    )
    parser.add_argument("--out-folder", type=Path, metavar="PATH", help="(default: data/<name>)")
    parser.add_argument(
        "--config-folder", type=Path, metavar="PATH", help="for training (default: config/<name>)"
    )
    parser.add_argument(
        "--track", action="store_true", help="join persons without ids over frames, by distance"
    )
    add_output_flags(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    args = make_parser().parse_args(argv)
    logging.basicConfig(format="%(levelname)s: %(message)s")
    if args.help_config:
        print(help_text())
        return
    if args.init:
        _init(args.init, args.config or Path("my.yaml"))
        return
    if not args.config:
        raise ValueError(
            "--config is required: a YAML file about the recordings, or --init FILE..."
        )
    settings = read_custom_settings(args.config)
    if args.track:
        reader = {**settings.reader, "track": True}
        settings = check(settings_as_values(replace(settings, reader=reader)))
    out_folder = args.out_folder or PROJECT / "data" / settings.name
    plan = make_plan(settings, args.config.absolute().parent, out_folder, args.max_file_mb)
    bad: TooManyBad | None = None
    try:
        execute(plan, PARTS, args)
    except TooManyBad as error:  # the others are fit to be trained on
        bad = error
    if not args.dry_run:
        folder = args.config_folder or PROJECT / "config" / settings.name
        for path in write_configs(plan, args.format, folder):
            print(path)
    if bad:
        raise bad


def _init(samples: Sequence[Path], path: Path) -> None:
    if path.exists():
        raise ValueError(f"{path} exists already. Choose another --config, or remove it.")
    text = propose(samples, path.absolute().parent)
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    print(f"{path}: check it, then python3 data_gen/custom_gendata.py --config {path} --dry-run")


if __name__ == "__main__":
    run(main)

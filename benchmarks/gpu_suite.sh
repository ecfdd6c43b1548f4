#!/usr/bin/env bash
# Everything that needs a GPU, in one command of under 8 minutes: the gpu tests, then the speed of the
# training engine and of the model. Writes gpu.md and gpu.json into a folder (default:
# benchmarks/results).
# usage: bash benchmarks/gpu_suite.sh [folder]
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
folder=${1:-benchmarks/results}
parts=$(mktemp -d)
trap 'rm -rf "$parts"' EXIT
mkdir -p "$folder"

timeout 200 python3 -m pytest -m gpu -q -rs 2>&1 | tee "$parts/tests.txt"
tests=$?
timeout 120 python3 -m benchmarks.bench_engine --json "$parts/engine.json" --markdown "$parts/engine.md"
engine=$?
timeout 140 python3 -m benchmarks.bench_model --json "$parts/model.json" > "$parts/model.md"
model=$?

{
    printf '## main.py, by precision\n\n'; cat "$parts/engine.md"
    printf '\n## The model against its literal form\n\n'; cat "$parts/model.md"
    printf '\nGPU tests: %s\n' "$(tail -n 1 "$parts/tests.txt")"
} | tee "$folder/gpu.md"
python3 - "$parts" "$folder/gpu.json" << 'PYTHON'
import json, sys
from pathlib import Path

parts, target = map(Path, sys.argv[1:])
found = {path.stem: json.loads(path.read_text()) for path in sorted(parts.glob("*.json"))}
found["tests"] = (parts / "tests.txt").read_text().splitlines()[-1:]
target.write_text(json.dumps(found, indent=1) + "\n")
PYTHON
exit $(( tests != 0 || engine != 0 || model != 0 ))

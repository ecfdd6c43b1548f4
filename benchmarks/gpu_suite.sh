#!/usr/bin/env bash
# Everything that needs a GPU, in one command of about 5 minutes: the gpu tests, the speed of the
# model against its literal form and of the networks beside each other, of each precision level, and
# the kernels that take longest. The first minutes go into compiling kernels, which later runs find in
# Triton's cache. Writes gpu.md, gpu.json and profile.txt into a folder (default: benchmarks/results).
# usage: bash benchmarks/gpu_suite.sh [folder]
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
folder=${1:-benchmarks/results}
parts=$(mktemp -d)
trap 'rm -rf "$parts"' EXIT
mkdir -p "$folder"

pytest=(python3 -m pytest -q -p no:benchmark)
python3 -c 'import xdist' 2> /dev/null && pytest+=(-n 4) # most of their time goes into compiling
timeout 200 "${pytest[@]}" -m gpu -rs 2>&1 | tee "$parts/tests.txt"
tests=$?
timeout 200 "${pytest[@]}" tests/model/test_gpu_form.py
form=$?
timeout 150 python3 -m benchmarks.bench_gpu --json "$parts/model.json" --markdown "$parts/model.md"
model=$?
timeout 120 python3 -m benchmarks.bench_engine --json "$parts/engine.json" --markdown "$parts/engine.md"
engine=$?
timeout 60 python3 -m benchmarks.profile_gpu > "$folder/profile.txt"

{
    echo "Tests: $(tail -n 1 "$parts/tests.txt")"
    echo
    cat "$parts/model.md" "$parts/engine.md" 2>/dev/null
} > "$folder/gpu.md"
python3 - "$parts" "$folder/gpu.json" <<'PYTHON'
import json, sys
from pathlib import Path

parts, target = map(Path, sys.argv[1:])
found = {path.stem: json.loads(path.read_text()) for path in sorted(parts.glob("*.json"))}
found["tests"] = (parts / "tests.txt").read_text().splitlines()[-1:]
target.write_text(json.dumps(found, indent=1) + "\n")
PYTHON
exit $(( tests != 0 || form != 0 || engine != 0 || model != 0 ))

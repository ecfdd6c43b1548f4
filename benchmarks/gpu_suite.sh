#!/usr/bin/env bash
# Everything that needs a GPU, in one command of under 8 minutes: the gpu tests, then the speed of
# the training engine. Writes gpu.md and gpu.json into a folder (default: benchmarks/results).
# usage: bash benchmarks/gpu_suite.sh [folder]
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
folder=${1:-benchmarks/results}
mkdir -p "$folder"

timeout 240 python3 -m pytest -m gpu -q -rs --junit-xml "$folder/gpu-tests.xml"
tests=$?
timeout 240 python3 -m benchmarks.bench_engine --json "$folder/gpu.json" --markdown "$folder/gpu.md"
speed=$?
[ $tests -eq 0 ] && verdict="passed" || verdict="FAILED, see gpu-tests.xml"
printf '\nGPU tests: %s\n' "$verdict" | tee -a "$folder/gpu.md"
exit $(( tests != 0 || speed != 0 ))

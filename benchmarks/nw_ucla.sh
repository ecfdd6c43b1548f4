#!/usr/bin/env bash
# The four streams of NW-UCLA with several seeds, trained side by side, tested, and the table of
# docs/results/nw-ucla. Stopped, it resumes where it was.
# usage: [JOBS=2] bash benchmarks/nw_ucla.sh "SEED ..." [arguments of main.py for every run ...]
#   two cores:    OMP_NUM_THREADS=1 bash benchmarks/nw_ucla.sh "1"
#   one big GPU:  JOBS=12 bash benchmarks/nw_ucla.sh "1 2 3" --model-args '{width: 96}'
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
[[ ${1:-} =~ ^[0-9]+(\ [0-9]+)*$ ]] || { sed -n '2,7s/^# //p' "$0" >&2; exit 2; }
seeds=$1
shift
folder=work_dir/nw-ucla

one() { # seed, stream, arguments of main.py: train and test
    local seed=$1 stream=$2 work_dir=$folder/seed_$1/$2
    shift 2
    python3 main.py --config "config/nw-ucla/train_$stream.yaml" --seed "$seed" --resume auto \
        --work-dir "$work_dir" "$@"
    local weights
    weights=$(find "$work_dir/weights" -name 'ema-*.pt' | sort -V | tail -n 1)
    python3 main.py --config "config/nw-ucla/test_$stream.yaml" --save-score yes --assume-yes \
        --weights "$weights" --work-dir "${work_dir}_eval" "$@"
}
export -f one
export folder

for seed in $seeds; do
    for stream in joint bone joint_motion bone_motion; do echo "$seed $stream"; done
done | xargs -P "${JOBS:-2}" -L 1 bash -ec 'one "${@: -2}" "${@:1:$#-2}"' one "$@"

read -ra all <<<"$seeds"
python3 -m benchmarks.nw_ucla_results --work-dir "${all[@]/#/$folder/seed_}"

#!/usr/bin/env bash
# The four streams of NW-UCLA with several seeds, trained side by side, tested, and the table of
# docs/results/nw-ucla. Stopped, it resumes where it was.
# usage: [NETWORK=msg3d|ctrgcn] [JOBS=2] bash benchmarks/nw_ucla.sh "SEED ..." [arguments ...]
#   arguments are main.py's, for every run
#   two cores:    OMP_NUM_THREADS=1 bash benchmarks/nw_ucla.sh "1"
#   one big GPU:  JOBS=12 bash benchmarks/nw_ucla.sh "1 2 3" --model-args '{width: 96}'
#                 NETWORK=ctrgcn JOBS=4 bash benchmarks/nw_ucla.sh "1"
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
network=${NETWORK:-msg3d}
if [[ ! ${1:-} =~ ^[0-9]+(\ [0-9]+)*$ || ! $network =~ ^(msg3d|ctrgcn)$ ]]; then
    sed -n '2,9s/^# //p' "$0" >&2
    exit 2
fi
seeds=$1
shift
case $network in
    msg3d) base=$PWD/config/nw-ucla/train_STREAM.yaml folder=work_dir/nw-ucla ;;
    ctrgcn) base=$PWD/config/ctrgcn/nw-ucla/train.yaml folder=work_dir/ctrgcn/nw-ucla ;;
esac

one() { # seed, stream, arguments of main.py: train and test
    local seed=$1 stream=$2 work_dir=$folder/seed_$1/$2 settings weights
    shift 2
    settings=$work_dir.yaml
    mkdir -p "$(dirname "$work_dir")"
    cat > "$settings" <<YAML
base: "${base/STREAM/$stream}"
train_feeder_args: {stream: $stream}
test_feeder_args: {stream: $stream}
YAML
    python3 main.py --config "$settings" --seed "$seed" --resume auto --work-dir "$work_dir" "$@"
    # Of the last epoch: the moving average where the recipe has one.
    weights=$(find "$work_dir/weights" -name 'ema-*.pt' | sort -V | tail -n 1)
    [ -n "$weights" ] || weights=$(find "$work_dir/weights" -name 'weights-*.pt' | sort -V | tail -n 1)
    python3 main.py --config "$settings" --phase test --save-score yes --assume-yes \
        --weights "$weights" --work-dir "${work_dir}_eval" "$@"
}
export -f one
export base folder

for seed in $seeds; do
    for stream in joint bone joint_motion bone_motion; do echo "$seed $stream"; done
done | xargs -P "${JOBS:-2}" -L 1 bash -ec 'one "${@: -2}" "${@:1:$#-2}"' one "$@"

read -ra all <<<"$seeds"
python3 -m benchmarks.nw_ucla_results --work-dir "${all[@]/#/$folder/seed_}"

#!/usr/bin/env bash
# Score the authors' released weights, fuse joint and bone, and print ours beside the published.
#
#   bash eval_pretrained.sh                 # everything that is there
#   bash eval_pretrained.sh --device cpu    # passed on to main.py; so are --half, --test-batch-size ...
#
# Weights go to pretrained-models/, data to data/ (see README.md). What is missing is named and
# skipped. Exit status: 0 when something was scored and nothing failed, else 1.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1
python=${PYTHON:-python3}

# config folder | data set | joint weights | bone weights | published top-1: joint, bone, fused
benchmarks="
nturgbd-cross-subject    ntu/xsub    ntu60-xsub-joint-fusion ntu60-xsub-bone   89.4 90.1 91.5
nturgbd-cross-view       ntu/xview   ntu60-xview-joint       ntu60-xview-bone  95.0 95.3 96.2
nturgbd120-cross-subject ntu120/xsub ntu120-xsub-joint       ntu120-xsub-bone  83.3 85.9 86.9
nturgbd120-cross-setup   ntu120/xset ntu120-xset-joint       ntu120-xset-bone  84.4 87.4 88.4
kinetics-skeleton        kinetics    kinetics-joint          kinetics-bone     35.8 35.4 38.0
"
table="benchmark    | stream | ours    | published"
missing="" scored=0 failed=0

row() { # benchmark, stream, ours, published
    table+=$'\n'$(printf '%-12s | %-6s | %-7s | %s' "$@")
}

# Score one stream. Leaves its top-1 in $top1, empty where it could not be scored.
score() { # config folder, data set, stream, weights
    local needed absent=0 output
    top1=""
    for needed in "pretrained-models/$4.pt" "data/$2/val_data_$3.npy" "data/$2/val_label.pkl"; do
        [ -f "$needed" ] || { missing+="$needed"$'\n' absent=1; }
    done
    [ "$absent" = 0 ] || return
    if output=$("$python" main.py --config "config/$1/test_$3.yaml" --save-score yes \
        --show-topk 1 5 ${extra[@]+"${extra[@]}"} | tee >(cat >&2)); then
        top1=$(sed -n 's/.*top-1 \([0-9.]*\)%.*/\1/p' <<<"$output" | tail -n 1)
        scored=$((scored + 1))
    else
        failed=$((failed + 1))
    fi
}

set -o pipefail
extra=("$@")
while read -r config data joint_weights bone_weights joint bone fused; do
    [ -n "$config" ] || continue
    score "$config" "$data" joint "$joint_weights"
    ours_joint=$top1
    score "$config" "$data" bone "$bone_weights"
    ours_bone=$top1
    ours_fused=""
    if [ -n "$ours_joint" ] && [ -n "$ours_bone" ]; then
        if output=$("$python" ensemble.py --dataset "$data" --joint-dir "pretrain_eval/$data/joint" \
            --bone-dir "pretrain_eval/$data/bone"); then
            ours_fused=$(sed -n 's/^Top1 Acc: \([0-9.]*\)%/\1/p' <<<"$output")
        else
            failed=$((failed + 1))
        fi
    fi
    row "$data" joint "${ours_joint:--}" "$joint"
    row "$data" bone "${ours_bone:--}" "$bone"
    row "$data" fused "${ours_fused:--}" "$fused"
done <<<"$benchmarks"

if [ -n "$missing" ]; then
    printf '\nMissing, so not scored; put each file at the path named:\n'
    sort -u <<<"${missing%$'\n'}" | sed 's/^/  /'
    printf '%s\n' \
        "Weights: the authors' release, https://github.com/kenziyuliu/MS-G3D#pretrained-models" \
        "Data: made by the commands of data_gen/, see README.md"
fi
printf '\nTop-1 in %%\n%s\n' "$table"
[ "$failed" = 0 ] || echo "$failed commands failed, see above" >&2
[ "$scored" -gt 0 ] && [ "$failed" = 0 ]

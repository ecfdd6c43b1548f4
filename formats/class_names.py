"""Names of the benchmarks' classes, in the order of their labels (from 0)."""

from collections.abc import Mapping, Sequence
from typing import Any

# fmt: off
# Shahroudy et al., CVPR 2016 (the first 60); Liu et al., TPAMI 2019.
NTU_RGB_D_120 = (
    "drink water", "eat meal", "brush teeth", "brush hair", "drop",
    "pick up", "throw", "sit down", "stand up", "clap",
    "read", "write", "tear up paper", "put on jacket", "take off jacket",
    "put on a shoe", "take off a shoe", "put on glasses", "take off glasses", "put on a hat",
    "take off a hat", "cheer up", "hand waving", "kick something", "reach into pocket",
    "hop", "jump up", "phone call", "play with phone", "type on a keyboard",
    "point to something", "take a selfie", "check time", "rub two hands", "nod head",
    "shake head", "wipe face", "salute", "put palms together", "cross hands in front",
    "sneeze or cough", "stagger", "fall", "touch head", "touch chest",
    "touch back", "touch neck", "nausea", "use a fan", "punch other person",
    "kick other person", "push other person", "pat on back", "point finger", "hug",
    "give something", "touch other's pocket", "shake hands", "walk towards", "walk apart",
    "put on headphone", "take off headphone", "shoot at basket", "bounce ball",
    "tennis bat swing", "juggle table tennis balls", "hush", "flick hair", "thumb up",
    "thumb down", "ok sign", "victory sign", "staple book", "count money",
    "cut nails", "cut paper", "snap fingers", "open bottle", "sniff",
    "squat down", "toss a coin", "fold paper", "ball up paper", "play magic cube",
    "cream on face", "cream on hand back", "put on bag", "take off bag",
    "put something into bag", "take something out of bag", "open a box",
    "move heavy objects", "shake fist", "throw up cap", "hands up", "cross arms",
    "arm circles", "arm swings", "run on the spot", "butt kicks", "cross toe touch",
    "side kick", "yawn", "stretch oneself", "blow nose", "hit with something",
    "wield knife", "knock over", "grab other's stuff", "shoot with a gun", "step on foot",
    "high-five", "cheers and drink", "carry together", "take a photo", "follow",
    "whisper in ear", "exchange things", "support with hand", "rock-paper-scissors",
)
# Wang et al., CVPR 2014, in the order of the released JSON files' labels.
NW_UCLA = (
    "pick up with one hand", "pick up with two hands", "drop trash", "walk around", "sit down",
    "stand up", "donning", "doffing", "throw", "carry",
)
# fmt: on
SHIPPED = {"ntu": NTU_RGB_D_120[:60], "ntu120": NTU_RGB_D_120, "nw-ucla": NW_UCLA}


def class_names(manifest: Mapping[str, Any] | None) -> list[str]:
    """Those that `dataset.json` gives, or that are shipped for its data set; empty if unknown."""
    if not manifest:
        return []
    return list(manifest.get("classes") or SHIPPED.get(manifest.get("dataset"), ()))


def shown(label: int, names: Sequence[str]) -> str:
    """`8 throw`, or `8` where there is no name."""
    return f"{label} {names[label]}" if 0 <= label < len(names) else str(label)

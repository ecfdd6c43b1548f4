"""The published place of the normalisation, which feeders/ needs as well."""

from formats.normalization import normalize_clip, pre_normalization

__all__ = ["normalize_clip", "pre_normalization"]

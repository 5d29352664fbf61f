"""The double-decoder network, its configuration, and the import of published Keras weights."""

from sxt.network.config import NetworkConfig
from sxt.network.double_decoder import DecoderOutputs, DoubleDecoder, build_network, count_parameters

__all__ = ["DecoderOutputs", "DoubleDecoder", "NetworkConfig", "build_network", "count_parameters"]

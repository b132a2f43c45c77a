# SPDX-License-Identifier: Apache-2.0
"""Float networks from ONNX files; needs the extra `onnx`."""

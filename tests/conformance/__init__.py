# SPDX-License-Identifier: Apache-2.0
"""The operators' random models on every emulated core, against TFLite's reference kernels."""

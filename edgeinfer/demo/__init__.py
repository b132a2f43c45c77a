# SPDX-License-Identifier: Apache-2.0
"""A small network to try everything with: handwritten digits, and how it was trained."""

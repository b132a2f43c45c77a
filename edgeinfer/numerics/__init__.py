# SPDX-License-Identifier: Apache-2.0
"""Arithmetic that Python and C share: both compute the same bits."""

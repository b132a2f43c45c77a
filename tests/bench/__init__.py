# SPDX-License-Identifier: Apache-2.0
"""Benchmarks beside measured peers: `make bench`."""

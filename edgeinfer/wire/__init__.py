# SPDX-License-Identifier: Apache-2.0
"""What is said to a running board, and where its port is found."""

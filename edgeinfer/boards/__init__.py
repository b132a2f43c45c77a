# SPDX-License-Identifier: Apache-2.0
"""What boards/*.toml say, and the emulators that stand in for boards."""

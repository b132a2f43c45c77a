# SPDX-License-Identifier: Apache-2.0
"""Coverage-guided fuzzing of what reads untrusted bytes, and the corpora that it found."""

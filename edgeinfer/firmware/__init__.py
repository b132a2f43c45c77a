# SPDX-License-Identifier: Apache-2.0
"""From images of models to a board that runs them: sources, build, upload."""

# SPDX-License-Identifier: MIT
"""`yard new`: templates for what people write themselves."""

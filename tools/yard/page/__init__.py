# SPDX-License-Identifier: MIT
"""The page that shows a desk in the browser: board, node and broker, live."""

from yard.page.page import Page

__all__ = ["Page"]

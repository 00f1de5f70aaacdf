"""The page for a board: everything that matters on one page, and its signed PDF."""

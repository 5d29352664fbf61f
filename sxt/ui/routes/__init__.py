"""The dashboard's own addresses beside its pages: uploads, downloads, shared links, account and health.

They answer whoever reaches them: who may, is decided before, in `sxt.ui.access`.
"""

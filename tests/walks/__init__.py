"""Walks over the merged list through the real endpoint, while its sources change, fail and lie."""

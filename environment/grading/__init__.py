"""Judging notebooks: the submission in one kernel, its judge in another."""

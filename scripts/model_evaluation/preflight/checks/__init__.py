"""The checks that several kinds of evaluation share, a module for each subject."""

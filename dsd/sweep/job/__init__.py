"""The processes of a job: a supervisor, and workers that train its runs."""

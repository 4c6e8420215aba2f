"""What runs inside a job: a supervisor, its workers, and the runs that they train."""

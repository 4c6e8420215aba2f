"""The folder of a sweep: its files, and the locks that guard them."""

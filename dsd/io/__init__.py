"""Files, tables, journals and YAML: all reading and writing."""

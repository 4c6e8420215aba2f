"""Programs that feed dsd with damaged and strange input; `make fuzz` tries more of it."""

"""How results look: functions that take data and an Axes and return the Axes, and the report made of them."""

"""How a network is built: its description turned into a torch module."""

"""What the parameters of networks have to do with their errors."""

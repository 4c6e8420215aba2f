"""Images to train and test on: held in memory (`memory`) or read while training goes on (`open_streamed`)."""

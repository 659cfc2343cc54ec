"""The commands of the command line: one module each, with a function `run(options)`, imported when it is called."""

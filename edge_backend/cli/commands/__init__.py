"""What each command of the command line does: one module per command, `run(options)`, imported when it is asked for."""

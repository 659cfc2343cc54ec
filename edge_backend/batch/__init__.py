"""Many songs, many seeds: what is to be made (`takes`, `manifest`), where it is made (`pool`, `on_ray`), and `run`.

Nothing here imports torch: the processes that dance do. Results are files that are whole or not there, and each says
itself how it was made; so a batch that was stopped is gone on with by calling it again.
"""

"""Training: the pack of dances, its augmentation, the losses, Adan and the trainer. Never imported by the pipeline.

torch, numpy, safetensors and the standard library only, so that a bare machine with a GPU can train.
"""

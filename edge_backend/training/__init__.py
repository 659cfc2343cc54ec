"""Training: the pack of dances, its augmentation, the losses, Adan and the trainer.

torch, numpy, safetensors and the standard library are enough to train. Imported by cli alone.
"""

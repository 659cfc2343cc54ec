"""Training: the training pack, its augmentation, the losses, the Adan optimiser and the training loop.

Training itself imports torch, numpy, safetensors and the standard library only. Imported by cli alone.
"""

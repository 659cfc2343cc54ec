"""Pictures of a dancer without Blender: numpy and Pillow; `video` alone needs PyAV."""

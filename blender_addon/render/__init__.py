"""Filming dances: the stage, a camera that has everybody in the picture, how it is rendered, and render farms."""

"""From a sound file to numbers: samples, the beat grid, and the features that condition the model."""

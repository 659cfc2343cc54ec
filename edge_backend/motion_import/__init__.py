"""Reads motion files of other programs, models and trackers, and converts them to this program's axes, unit and rate.

numpy and the standard library only: Blender imports this room, and so may every room above it.
"""

FORMATS = (
    "motion files of EDGE Dance, AMASS and SMPL (npz), AIST++ and EDGE (pkl), GVHMR (pt), WHAM, 4D-Humans and PromptHMR"
    " (pkl), TRAM (npy), HumanML3D and MDM (npy), BVH"
)

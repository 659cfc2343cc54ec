"""The base of all panels in the Dance tab."""

import bpy


class DanceTab(bpy.types.Panel):
    """A panel in the Dance tab of the 3D View's sidebar. Not registered itself."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Dance"

"""Classes, properties and handlers of the extension, in the order in which Blender has to register them."""

from typing import Any, Final

import bpy

from . import command_line, preferences, properties
from .backend.log_file import close_log, open_log
from .backend.service import service
from .constraints import character_properties
from .keyframes import beats
from .ops import (
    again,
    bone_map,
    choreography,
    curves,
    dancer,
    edit,
    export_character,
    export_motion,
    generate,
    group,
    import_motion,
    keep,
    music,
    obstacles,
    override,
    pending_results,
    phrase_assets,
    plan_slots,
    presets,
    render,
    setup,
    smpl_body,
    song_map,
    takes,
    trails,
    weights,
)
from .ops.weights import weights_import
from .rig import bone_map_properties, rig_check, smpl_body_properties
from .setup.installer import installer
from .song_map import markers as song_map_markers
from .song_map import properties as song_map_properties
from .takes import collection_links, frame_range, identity, partial_preview, phrase_shelf, switches
from .ui import bone_map as bone_map_panel
from .ui import choreography as choreography_panel
from .ui import dope_sheet, file_menus, panels, status_timer
from .ui import group as group_panel
from .ui import keep as keep_panel
from .ui import preferences as preferences_panel
from .ui import render as render_panel
from .ui import setup as setup_panel
from .ui import smpl_body as smpl_body_panel
from .ui import song_map as song_map_panel
from .ui import takes as takes_panel
from .ui import weights as weights_panel
from .ui.overlay import overlay
from .ui.plan_bands import plan_band
from .ui.section_bands import section_band

CLASSES: Final[tuple[type, ...]] = (
    preferences_panel.EDGE_DANCE_Preferences,
    properties.EDGE_DANCE_Settings,
    character_properties.EDGE_DANCE_Take,
    character_properties.EDGE_DANCE_KeepRow,
    bone_map_properties.EDGE_DANCE_BoneSlot,
    smpl_body_properties.EDGE_DANCE_SmplBody,
    song_map_properties.EDGE_DANCE_Section,
    song_map_properties.EDGE_DANCE_SongMap,
    dancer.EDGE_DANCE_OT_add_dancer,
    smpl_body.EDGE_DANCE_OT_add_smpl_body,
    music.EDGE_DANCE_OT_add_music,
    music.EDGE_DANCE_OT_drop_song,
    music.EDGE_DANCE_FH_song,
    music.EDGE_DANCE_OT_mark_beats,
    music.EDGE_DANCE_OT_begin_bar,
    music.EDGE_DANCE_OT_clear_beats,
    music.EDGE_DANCE_OT_keys_to_beats,
    song_map.EDGE_DANCE_OT_listen,
    song_map.EDGE_DANCE_OT_split_section,
    song_map.EDGE_DANCE_OT_merge_section,
    song_map.EDGE_DANCE_OT_move_section,
    song_map.EDGE_DANCE_OT_mark_sections,
    song_map.EDGE_DANCE_OT_clear_song_map,
    song_map.EDGE_DANCE_OT_tap_tempo,
    generate.EDGE_DANCE_OT_generate,
    generate.EDGE_DANCE_OT_cancel,
    generate.EDGE_DANCE_OT_copy_problem,
    generate.EDGE_DANCE_OT_variations,
    generate.EDGE_DANCE_OT_new_seed,
    presets.EDGE_DANCE_OT_add_preset,
    curves.EDGE_DANCE_OT_change_density,
    keep.EDGE_DANCE_OT_keep,
    keep.EDGE_DANCE_OT_remove_kept,
    edit.EDGE_DANCE_OT_generate_kept,
    edit.EDGE_DANCE_OT_regenerate_range,
    edit.EDGE_DANCE_OT_regenerate_bones,
    edit.EDGE_DANCE_OT_in_between,
    edit.EDGE_DANCE_OT_continue_dance,
    edit.EDGE_DANCE_OT_vary,
    edit.EDGE_DANCE_OT_pose_to_beat,
    edit.EDGE_DANCE_OT_mirror,
    again.EDGE_DANCE_OT_generate_again,
    choreography.EDGE_DANCE_OT_dance_plan,
    choreography.EDGE_DANCE_OT_dance_changes,
    choreography.EDGE_DANCE_OT_remake_slot,
    choreography.EDGE_DANCE_OT_save_plan,
    choreography.EDGE_DANCE_OT_load_plan,
    plan_slots.EDGE_DANCE_OT_go_to_slot,
    plan_slots.EDGE_DANCE_OT_mirror_slot,
    plan_slots.EDGE_DANCE_OT_pin_slot,
    plan_slots.EDGE_DANCE_OT_free_slot,
    plan_slots.EDGE_DANCE_OT_swap_slots,
    plan_slots.EDGE_DANCE_OT_repeat_slot,
    plan_slots.EDGE_DANCE_OT_vary_slot,
    plan_slots.EDGE_DANCE_OT_another_phrase,
    plan_slots.EDGE_DANCE_OT_choose_phrase,
    plan_slots.EDGE_DANCE_OT_plan_anew,
    phrase_assets.EDGE_DANCE_OT_mark_phrase_asset,
    phrase_assets.EDGE_DANCE_OT_use_phrase_asset,
    choreography.EDGE_DANCE_OT_add_to_phrases,
    takes.EDGE_DANCE_OT_star_take,
    takes.EDGE_DANCE_OT_change_root_motion,
    takes.EDGE_DANCE_OT_delete_take,
    takes.EDGE_DANCE_OT_load_settings,
    takes.EDGE_DANCE_OT_stash_take,
    takes.EDGE_DANCE_OT_blend_takes,
    takes.EDGE_DANCE_OT_show_takes,
    takes.EDGE_DANCE_OT_hide_takes,
    trails.EDGE_DANCE_OT_show_trails,
    trails.EDGE_DANCE_OT_hide_trails,
    override.EDGE_DANCE_OT_override_character,
    obstacles.EDGE_DANCE_OT_mend,
    weights.EDGE_DANCE_OT_import_weights,
    weights.EDGE_DANCE_OT_get_edge,
    weights.EDGE_DANCE_OT_get_jukebox,
    weights.EDGE_DANCE_OT_cancel_weights,
    bone_map.EDGE_DANCE_OT_find_bones,
    bone_map.EDGE_DANCE_OT_accept_bone,
    bone_map.EDGE_DANCE_OT_pick_bone,
    bone_map.EDGE_DANCE_OT_mirror_bones,
    bone_map.EDGE_DANCE_OT_swap_sides,
    bone_map.EDGE_DANCE_OT_copy_rig,
    bone_map.EDGE_DANCE_OT_use_pose,
    bone_map.EDGE_DANCE_OT_add_bone_map_preset,
    bone_map.EDGE_DANCE_OT_use_bone_map_preset,
    import_motion.EDGE_DANCE_OT_import_motion,
    import_motion.EDGE_DANCE_FH_motion,
    export_motion.EDGE_DANCE_OT_export_motion,
    export_character.EDGE_DANCE_OT_export_character,
    pending_results.EDGE_DANCE_OT_apply_pending,
    pending_results.EDGE_DANCE_OT_delete_pending,
    setup.EDGE_DANCE_OT_set_up_backend,
    setup.EDGE_DANCE_OT_remove_backend,
    setup.EDGE_DANCE_OT_cancel_set_up,
    setup.EDGE_DANCE_OT_free_memory,
    setup.EDGE_DANCE_OT_write_report,
    group.EDGE_DANCE_OT_dance_together,
    render.EDGE_DANCE_OT_set_up_render,
    render.EDGE_DANCE_OT_remove_film_set,
    render.EDGE_DANCE_OT_write_farm_job,
    panels.VIEW3D_PT_edge_dance,
    keep_panel.EDGE_DANCE_UL_keep,
    keep_panel.EDGE_DANCE_MT_keep,
    keep_panel.EDGE_DANCE_MT_edit,
    keep_panel.VIEW3D_PT_edge_dance_keep,
    takes_panel.EDGE_DANCE_UL_takes,
    takes_panel.EDGE_DANCE_MT_takes,
    takes_panel.VIEW3D_PT_edge_dance_takes,
    choreography_panel.VIEW3D_PT_edge_dance_choreography,
    bone_map_panel.EDGE_DANCE_UL_bone_slots,
    bone_map_panel.EDGE_DANCE_MT_bone_map_presets,
    bone_map_panel.VIEW3D_PT_edge_dance_bone_map,
    bone_map_panel.VIEW3D_PT_edge_dance_bone_map_doubtful,
    panels.VIEW3D_PT_edge_dance_style,
    song_map_panel.EDGE_DANCE_UL_sections,
    song_map_panel.VIEW3D_PT_edge_dance_song_map,
    panels.VIEW3D_PT_edge_dance_beats,
    group_panel.VIEW3D_PT_edge_dance_group,
    render_panel.VIEW3D_PT_edge_dance_render,
    panels.EDGE_DANCE_MT_presets,
    panels.VIEW3D_PT_edge_dance_settings,
    panels.VIEW3D_PT_edge_dance_quality,
    panels.VIEW3D_PT_edge_dance_curves,
    panels.VIEW3D_PT_edge_dance_hands,
    weights_panel.VIEW3D_PT_edge_dance_weights,
    smpl_body_panel.VIEW3D_PT_edge_dance_smpl_body,
    setup_panel.VIEW3D_PT_edge_dance_backend,
)

SMPL_BODY = "edge_dance_smpl_body"
"""Name of the scene's property with the settings of Add SMPL Body."""

SETTINGS = "edge_dance"
"""Name of the scene's property with the settings: `scene.edge_dance`."""


def register() -> None:
    """Register classes and handlers, and add the properties to scenes, objects, markers and armatures."""
    open_log(preferences.user_folder("logs"))
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    pointer: Any = bpy.props.PointerProperty
    setattr(bpy.types.Scene, SETTINGS, pointer(type=properties.EDGE_DANCE_Settings))
    character_properties.register()
    beats.register()
    song_map_properties.register()
    song_map_markers.register()
    bone_map_properties.register()
    rig_check.register()
    collection_links.register()  # before the preview, which brings view layers in sync
    partial_preview.register()
    switches.register()
    identity.register()
    frame_range.register()
    file_menus.register()
    setattr(bpy.types.Scene, SMPL_BODY, pointer(type=smpl_body_properties.EDGE_DANCE_SmplBody))
    dope_sheet.show_constraints()
    overlay.register()
    section_band.show()
    plan_band.show()
    status_timer.register()
    command_line.register()


def unregister() -> None:
    """Undo `register`, and stop all processes that the extension has started."""
    service.stop()
    installer.stop()
    weights_import.stop()
    close_log()
    command_line.unregister()
    status_timer.unregister()
    overlay.unregister()
    section_band.hide()
    plan_band.hide()
    dope_sheet.hide_constraints()
    file_menus.unregister()
    partial_preview.unregister()  # shows the former action, with its switches
    frame_range.unregister()
    identity.unregister()
    switches.unregister()
    collection_links.unregister()
    rig_check.unregister()
    phrase_shelf.unregister()
    delattr(bpy.types.Scene, SMPL_BODY)
    bone_map_properties.unregister()
    song_map_markers.unregister()
    song_map_properties.unregister()
    beats.unregister()
    character_properties.unregister()
    delattr(bpy.types.Scene, SETTINGS)
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)

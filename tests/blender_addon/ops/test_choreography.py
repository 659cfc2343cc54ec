"""A dance of phrases in Blender; its plan, changed and danced again: the real worker, the weights in the zip."""

import bpy
import pytest
from blender_fixtures import addon, put_dancer, put_song


@pytest.fixture
def dancer(song_file, preferences):
    put_song(song_file, frame=1)
    scene = bpy.context.scene
    scene.render.fps = 30
    settings = scene.edge_dance
    settings.quality, settings.made_of, settings.seed = "draft", "starter", 3
    yield put_dancer()
    settings.made_of = "network"


def steps(action):
    return addon("takes.plan_rows").plan_of(action)["steps"]


def test_a_dance_of_phrases_is_planned_changed_and_danced_again(dancer):
    assert bpy.ops.edge_dance.generate() == {"FINISHED"}
    first = dancer.animation_data.action
    plan = steps(first)
    assert plan and all(step["phrase"] for step in plan)
    assert bpy.ops.edge_dance.mirror_slot(step=0) == {"FINISHED"}
    bpy.context.scene.edge_dance.seed = 99  # the take's own seed counts
    assert bpy.ops.edge_dance.dance_plan() == {"FINISHED"}
    second = dancer.animation_data.action
    assert second != first and second["edge_dance"]["seed"] == 3
    changed = steps(second)
    assert [step["phrase"] for step in changed] == [step["phrase"] for step in plan]
    assert changed[0]["mirrored"] is not plan[0]["mirrored"]
    assert second.frame_range == first.frame_range

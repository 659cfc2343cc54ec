"""A dance is shown while it is generated; its first parts agree with the finished dance."""

import bpy
import numpy as np
import pytest
from blender_fixtures import addon, bone_heads, put_dancer, put_song

BEGINNING = 135  # frames: the first window's 150 without those that wait for what follows


@pytest.fixture
def stage(song_file, quick_worker):
    """Six seconds of song or more, and a dancer."""
    put_song(song_file, frame=1)
    bpy.context.scene.edge_dance.quality = "draft"
    return put_dancer()


def last_frame(frames):
    """The frame of the scene at which this many frames of the dance end."""
    return 1 + (frames - 1) * bpy.context.scene.render.fps / 30


@pytest.fixture
def seen(stage, monkeypatch):
    """(frames, heads of the bones at frame 60) of the dancer, each time that the preview is shown."""
    pictures = []
    growing = addon("takes.partial_preview").PartialPreview
    show = growing.show_in_steps

    def shown(self, armature, beginning, scene):
        yield from show(self, armature, beginning, scene)
        pictures.append((beginning.frames, bone_heads(armature, 60)))

    monkeypatch.setattr(growing, "show_in_steps", shown)
    return pictures


def test_the_beginning_is_on_the_dancer_before_the_rest_is_made_and_stays(stage, seen):
    assert bpy.ops.edge_dance.generate() == {"FINISHED"}
    assert [frames for frames, _ in seen] == [BEGINNING]
    assert np.array_equal(seen[0][1], bone_heads(stage, 60))
    assert [action.name for action in bpy.data.actions] == [stage.animation_data.action.name]
    assert stage.animation_data.action.frame_range[1] > last_frame(BEGINNING)


@pytest.fixture
def cancelled_when_seen(stage, monkeypatch):
    growing = addon("takes.partial_preview").PartialPreview
    show = growing.show_in_steps

    def shown(self, armature, beginning, scene):
        yield from show(self, armature, beginning, scene)
        addon("backend.service").service.job.cancel()

    monkeypatch.setattr(growing, "show_in_steps", shown)


def test_cancelled_it_leaves_no_trace(stage, cancelled_when_seen):
    bpy.context.scene.frame_end = 50
    assert bpy.ops.edge_dance.generate() == {"CANCELLED"}
    assert not bpy.data.actions and bpy.context.scene.frame_end == 50
    assert not stage.animation_data or stage.animation_data.action is None


def test_cancelled_what_is_there_becomes_a_take_if_that_is_wanted(stage, cancelled_when_seen):
    bpy.context.scene.edge_dance.keep_cancelled = True
    assert bpy.ops.edge_dance.generate() == {"FINISHED"}
    (take,) = addon("takes.take_list").takes_of(stage)
    assert take == stage.animation_data.action and take["edge_dance"]["seed"] == 0
    assert take.frame_range[1] == pytest.approx(last_frame(BEGINNING))
    assert [action.name for action in bpy.data.actions] == [take.name]

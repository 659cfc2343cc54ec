"""Links of the dancer's collections that Blender's undo and redo drop.

Undo reads a changed scene into new memory and moves it to its old place. If that memory was a deleted collection's
before, Blender takes the scene's link to the collection for a link to itself, and drops it: the collection is back with
its objects, in no scene. Links are therefore recorded when a job starts. After undo and redo those of collections that
were deleted meanwhile are restored; where no collection was deleted, it is the user's own linking that is undone.
"""

from collections.abc import Iterator

import bpy
from bpy.app.handlers import persistent

from ..lookups import by_session_uid

_owners: dict[int, int] = {}
"""session_uid of a collection -> that of the collection or scene to which it was linked when it was last seen."""

_deleted: set[int] = set()
"""session_uid of those that were deleted, and may have been brought back."""


def remember_links(dancer: bpy.types.Object) -> None:
    """Record where the collections that contain the dancer are linked."""
    _owners.update({child.session_uid: owner for owner, child in _links() if dancer in child.all_objects[:]})


def register() -> None:
    """Add the handlers for undo and redo."""
    for before in (bpy.app.handlers.undo_pre, bpy.app.handlers.redo_pre):
        before.append(_look)
    for after in (bpy.app.handlers.undo_post, bpy.app.handlers.redo_post):
        after.append(_restore)


def unregister() -> None:
    """Remove the handlers."""
    for after in (bpy.app.handlers.redo_post, bpy.app.handlers.undo_post):
        after.remove(_restore)
    for before in (bpy.app.handlers.redo_pre, bpy.app.handlers.undo_pre):
        before.remove(_look)
    _owners.clear()
    _deleted.clear()


@persistent
def _look(*_arguments: object) -> None:
    """Record where the collections are linked now; a collection that the user has unlinked is forgotten."""
    owners = {child.session_uid: owner for owner, child in _links()}
    present = {collection.session_uid for collection in bpy.data.collections}
    _deleted.update(_owners.keys() - present)
    for uid in _owners.keys() & present:
        del _owners[uid]
        if uid in owners:
            _owners[uid] = owners[uid]


@persistent
def _restore(*_arguments: object) -> None:
    linked = {child.session_uid for _, child in _links()}
    for collection in bpy.data.collections:
        uid = collection.session_uid
        if uid not in _owners or uid not in _deleted or uid in linked:
            continue
        scene = by_session_uid(bpy.data.scenes, _owners[uid])
        owner = scene.collection if scene else by_session_uid(bpy.data.collections, _owners[uid])
        if owner:
            owner.children.link(collection)


def _links() -> Iterator[tuple[int, bpy.types.Collection]]:
    """All links: the session_uid of a scene or collection, and a collection in it."""
    for scene in bpy.data.scenes:
        for child in scene.collection.children:
            yield scene.session_uid, child
    for collection in bpy.data.collections:
        for child in collection.children:
            yield collection.session_uid, child

"""Base of operators whose job is about the song in the sequencer."""

import bpy

from ..edge_backend.errors import EdgeError
from ..music import find_strip, rendered_song, song_of
from ..settings import beats_request
from .job_operator import JobOperator
from .reasons import why_busy


class SongOperator(JobOperator):
    """A job about the song, with the panel's corrections of its beats."""

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        if busy := why_busy():
            return busy
        try:
            song_of(*find_strip(context, context.scene.edge_dance.music), take_packed=False)
        except EdgeError as error:
            return str(error)
        return ""

    def prepare(self, context: bpy.types.Context) -> None:
        """Find the song and the corrections. A strip is stored by its name, because the job takes a while."""
        settings = context.scene.edge_dance
        strip, owner = find_strip(context, settings.music)
        self._song, self._strip = rendered_song(strip, owner, settings.all_sounds), strip.name
        self._beats = beats_request(settings)

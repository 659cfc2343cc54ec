"""Base of operators whose job is about the song in the sequencer."""

from typing import Any

import bpy

from ..edge_backend.errors import EdgeError
from ..music import find_strip, rendered_song, song_of
from ..settings import beats_request
from ..song_map.strip_map import song_part
from ..sound_strips import reference_to
from .job_operator import JobOperator
from .reasons import why_busy, why_scene_linked


class SongOperator(JobOperator):
    """A job about the song, with the panel's corrections of its beats."""

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        if reason := why_busy() or why_scene_linked(context):
            return reason
        try:
            song_of(*find_strip(context, context.scene.edge_dance.music), take_packed=False)
        except EdgeError as error:
            return str(error)
        return ""

    def prepare(self, context: bpy.types.Context) -> None:
        """Find the song and the corrections."""
        settings = context.scene.edge_dance
        strip, owner = find_strip(context, settings.music)
        self._song = rendered_song(strip, owner, settings.all_sounds)
        self._strip, self._part = reference_to(strip, owner), song_part(strip, owner)
        self._beats = beats_request(settings)

    def strip(self) -> Any:
        """The strip of the start of the job, renamed or moved or not, whichever scene is shown now.

        Raises EdgeError music_gone.
        """
        piece = self._strip.find()
        if piece is None:
            message = f"The strip {self._strip.name} was removed while its song was analysed."
            raise EdgeError("music_gone", message, "Choose another one as Music.")
        return piece.strip

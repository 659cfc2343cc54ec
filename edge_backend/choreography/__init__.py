"""The form of a dance: the song's sections as slots of phrases, what is danced in each, and how phrases become one
dance. numpy only.

Imported by generation and cli.
"""

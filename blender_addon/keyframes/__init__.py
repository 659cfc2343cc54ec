"""F-curves: channels of bones as arrays of keys, key density, beats on the timeline. Imported by takes and above."""

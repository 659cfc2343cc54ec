"""F-curves: channels of bones as arrays of keys, how dense they are, beats on the timeline."""

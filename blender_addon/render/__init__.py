"""Films: stage, camera, render settings, and jobs for render farms. Imported by formation, command_line, ops and ui."""

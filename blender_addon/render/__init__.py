"""Films: film set, camera, render settings, jobs for render farms. Imported by formation, command_line, ops and ui."""

"""What the command line does: one verb a module, no terminal and no process in sight."""

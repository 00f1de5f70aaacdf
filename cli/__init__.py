"""The command-line face: set-up on a bare machine, supervision of the services, and the commands of ./assay."""

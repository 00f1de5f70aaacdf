"""What a vendor's case is held against before anything of it counts. Reads and judges; writes nothing."""
